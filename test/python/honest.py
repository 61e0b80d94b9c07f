"""What honest workers do beside a hostile one."""

held = []


def echo(nonce):
    return nonce


def ask(nonce, function):
    return [nonce, function(nonce)]


def hold(function):
    held.append(function)
    return len(held)


def use(nonce):
    return held[0](nonce)


def swap(array):
    """Change an array that JavaScript lent, and lend it back."""
    copy = bytearray(array)
    copy.reverse()
    return copy
