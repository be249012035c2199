"""``python -m xtcview`` is the command ``xtcview``."""

from .cli import main

if __name__ == "__main__":
    main()
