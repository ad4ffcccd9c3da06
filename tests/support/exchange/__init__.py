"""The contract of an exchange behind the port, and the exchanges that it is run on."""
