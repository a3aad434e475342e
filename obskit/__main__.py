"""`python -m obskit`: the command line."""

import sys

from obskit.cli import main

if __name__ == "__main__":
    sys.exit(main())
