"""`python -m wedding_wa …`."""

from wedding_wa.cli import main

if __name__ == "__main__":
    main()
