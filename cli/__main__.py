"""``python -m cli``: the same as ``ict``, where the console script is not on the path."""

from cli.entry import main

main()
