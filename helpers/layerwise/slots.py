"""What an optimizer keeps for each variable, carried over when it is to train others."""

from contextlib import contextmanager


@contextmanager
def carried_over(optimizer):
    """Let a built optimizer be built once more, for other variables.

    Keras has no way to do so: it builds an optimizer once, and refuses variables that come later.
    What belongs to one variable stands in lists as long as the list of variables, in its order;
    what belongs to all stands by itself.

    Args:
        optimizer: A built Keras optimizer.

    Yields:
        None; in the body `build` is to be called. After it, what belongs to variables that are
        still trained, and to all, has the values from before.
    """
    before, keys = _found(optimizer), _keys(optimizer)
    optimizer._trainable_variables_indices.clear()
    optimizer.built = False
    yield
    after, new_keys = _found(optimizer), _keys(optimizer)
    for name, old in before.items():
        if name in after and after[name] is not old:
            _hand_over(optimizer, (old, keys), (after[name], new_keys))


def check_complete(optimizer):
    """Raise ValueError if an optimizer keeps something in another form."""
    known = set()
    for value in _found(optimizer).values():
        known |= {id(each) for each in (value if isinstance(value, list) else [value])}
    if not known.issuperset(map(id, optimizer.variables)):
        raise ValueError(
            f"{type(optimizer).__name__} keeps more than lists with an entry for each weight, so "
            "that it cannot go on with other layers; compile with a new one."
        )


def _found(optimizer):
    """Return, by name of the attribute, variables and lists with one for each variable."""
    count = len(optimizer._trainable_variables)
    found = {}
    for name, value in vars(optimizer).items():
        if _is_variable(value):
            found[name] = value
        elif isinstance(value, list) and len(value) == count and name not in NO_SLOTS:
            if all(each is None or _is_variable(each) for each in value):
                found[name] = value
    return found


def _is_variable(value):
    # Keras's class of variables is public in newer versions only.
    return hasattr(value, "assign")


# The optimizer's list of all it keeps, and that of what it trains.
NO_SLOTS = ("_variables", "_trainable_variables")


def _keys(optimizer):
    return [optimizer._var_key(variable) for variable in optimizer._trainable_variables]


def _hand_over(optimizer, old, new):
    """Copy the values that still have a place, and forget the variables that they were in."""
    (old, keys), (new, new_keys) = old, new
    if _is_variable(old):
        pairs, old = [(old, new)] if old.shape == new.shape else [], [old]
    else:
        places = {key: place for place, key in enumerate(new_keys)}
        pairs = [(was, new[places[key]]) for was, key in zip(old, keys) if key in places]
    for was, now in pairs:
        if was is not None:
            now.assign(was)
    for variable in old:
        if variable is not None:
            optimizer._untrack_variable(variable)
