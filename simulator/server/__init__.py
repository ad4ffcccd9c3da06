"""A server that speaks Binance USDⓈ-M: REST, streams, user data, faults on command. Real clients trade against it."""
