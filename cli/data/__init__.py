"""Commands on candle files, and the options with which every command takes them."""
