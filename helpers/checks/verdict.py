"""How a check speaks: not attempted, not yet, done."""


def not_attempted():
    """Say that the exercise is still open."""
    print("○ not attempted yet")


def wrong(hint):
    """Say what does not hold yet, without the answer."""
    print(f"✗ {hint}")


def right(text):
    """Say what was found to hold."""
    print(f"✓ {text}")
