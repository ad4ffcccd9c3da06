"""Wire log: what went over the wire between a client and an exchange, written down and answered from again."""
