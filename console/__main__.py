"""`python -m console` is the command `governance`."""

from console.app import main

if __name__ == "__main__":
    main()
