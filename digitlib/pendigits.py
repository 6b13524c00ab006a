"""`python -m digitlib.pendigits`: download Pendigits (see `digitlib.datasets.pendigits`)."""

from digitlib.datasets.pendigits import run

if __name__ == "__main__":
    run()
