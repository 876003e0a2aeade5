"""`python -m helpers.source_a full`: source A's experiment without a notebook."""

import argparse
import sys

from helpers.source_a import SIZES, source_a


def main(arguments=None):
    """Run the experiment, print how each epoch ended, and store the record.

    Args:
        arguments: Command-line arguments; those of the process if None.

    Returns:
        The exit code, 0.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.source_a", description=__doc__)
    parser.add_argument("size", choices=SIZES, help="full needs a GPU; quick shows that it runs")
    parser.add_argument("--save", metavar="FILE", help="JSON file for the record")
    options = parser.parse_args(arguments)
    runs = source_a(options.size)
    print(runs.about.get("note", ""))
    print(runs.table().round(4).to_string(index=False))
    if options.save:
        print(f"saved to {runs.save(options.save)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
