"""Run ``python -m dltrain`` exactly as ``dltrain``."""

from dltrain.cli.entry import main

if __name__ == "__main__":
    main()
