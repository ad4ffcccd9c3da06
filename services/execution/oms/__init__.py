"""Orders by client id: their life as a table, what the exchange says of them, and who made them. Knows nothing of trades."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
