"""One world and one browser for all tests, made when the first asks for them."""

import contextlib
import functools

import browser as browser_module
import world as world_module

_ends = contextlib.ExitStack()
close = _ends.close


@functools.cache
def world():
    made = world_module.World()
    _ends.callback(made.close)
    return made


@functools.cache
def browser():
    made = browser_module.Browser()
    _ends.callback(made.close)
    return made
