"""``python -m cli``: the same as ``ict``, where the console script is not on the path."""

from cli.entry import main

if __name__ == "__main__":  # a walk over the packages imports it too
    main()
