"""Commands of mydl on a page, held against the real command line without running them."""

import contextlib
import functools
import io
import re
import shlex

import typer
from typer.core import TyperGroup

from mydl.cli.main import app

REDIRECTION = re.compile(r"\s\d?>{1,2}\s*(&\d|\S+)|\s<\s*\S+")
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*\b|\.\.\.")


class WrongCommand(Exception):
    """A command that mydl would not understand."""


@functools.cache
def whole():
    """The whole command line; making it takes a while."""
    return typer.main.get_command(app)


def mydl_calls(command):
    """The arguments of each call of mydl in a command of the shell."""
    words = shlex.shlex(REDIRECTION.sub("", command), posix=True, punctuation_chars=";&|")
    words.whitespace_split = True
    call, calls = None, []
    for word in words:
        if set(word) <= set(";&|"):
            call = None
        elif call is not None:
            call.append(word)
        elif word == "mydl":
            call = []
            calls.append(call)
    return calls


def parse(arguments):
    """Parse arguments as mydl does, up to the function that would run.

    Gives the command's words, such as ``["data", "show"]``, and the command itself.
    """
    command, name, words, context = whole(), "mydl", [], None
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        while arguments and isinstance(command, TyperGroup):
            with contextlib.redirect_stdout(io.StringIO()):
                context = command.make_context(name, arguments, parent=context)
            arguments = [*context._protected_args, *context.args]
            if arguments:
                name, command, arguments = command.resolve_command(context, arguments)
                words.append(name)
        if not isinstance(command, TyperGroup):
            with contextlib.redirect_stdout(io.StringIO()):
                command.make_context(name, arguments, parent=context)
    except Exception as error:  # of click, or of typer's copy of it
        if not hasattr(error, "exit_code"):
            raise
        if not isinstance(error, typer.Exit):  # as --help and --version do
            raise WrongCommand(f"{' '.join(['mydl', *words])}: {error.message}") from None
    return words, command


def check(command):
    """Raise an exception if mydl would not understand a command of the shell."""
    for arguments in mydl_calls(command):
        parse(arguments)


def check_inline(command):
    """The same of a command in running text: its words and options exist, names are left open."""
    try:
        arguments = shlex.split(command)[1:]
    except ValueError as error:
        raise WrongCommand(f"{command}: {error}") from None
    current, words = whole(), ["mydl"]
    for argument in arguments:
        if isinstance(current, TyperGroup) and PLACEHOLDER.match(argument):
            return
        if argument.startswith("-") and argument != "-":
            option = argument.partition("=")[0]
            if option not in options(current) and option not in ("--debug", "--help", "-h"):
                raise WrongCommand(f"{' '.join(words)} has no option {option}")
        elif isinstance(current, TyperGroup):
            if argument not in current.commands:
                raise WrongCommand(f"{' '.join(words)} has no command {argument}")
            current = current.commands[argument]
            words.append(argument)


def options(command):
    """The options of a command, as they are typed."""
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def appended(command, extra):
    """A function of the shell that runs mydl with more options, and how many calls they fit.

    Each call of mydl in a command gets those options that it has.
    """
    cases, fit = [], 0
    for arguments in mydl_calls(command):
        words, known = parse(arguments)
        more = [group for group in _groups(extra) if group[0] in options(known)]
        fit += bool(more)
        pattern = "".join(f"{word}\\ " for word in words)
        added = " ".join(shlex.quote(word) for group in more for word in group)
        cases.append(f'{pattern}*) command mydl "$@" {added} ;;')
    return 'mydl() { case "$* " in ' + " ".join(cases) + ' *) command mydl "$@" ;; esac; }\n', fit


def _groups(extra):
    """Options with their values: ``--epochs 1 --no-augment`` as two lists."""
    groups = []
    for word in shlex.split(extra):
        if word.startswith("--") or not groups:
            groups.append([word])
        else:
            groups[-1].append(word)
    return groups
