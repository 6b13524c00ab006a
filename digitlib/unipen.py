"""`python -m digitlib.unipen` downloads UNIPEN's pen digits (see `digitlib.datasets.unipen`)."""

from digitlib.datasets.unipen import run

if __name__ == "__main__":
    run()
