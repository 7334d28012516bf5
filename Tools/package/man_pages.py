#!/usr/bin/env python3
"""Writes edgessl.1 and edgessl-SUBCOMMAND.1 from what the argument parser says of itself.

edgessl --experimental-dump-help | man_pages.py VERSION DATE FOLDER
"""

import json
import pathlib
import sys

EXIT_STATUS = [
    ("0", "Done."),
    ("64", "Wrong usage."),
    ("65", "Bad input data."),
    ("66", "Input is missing."),
    ("70", "A fault of edgessl."),
    ("73", "An output cannot be created."),
    ("74", "Reading or writing failed."),
    ("75", "The memory budget cannot be met, or another process holds the task file."),
]
ENVIRONMENT = [
    ("EDGESSL_ENCODER", "The encoder, where no --model is given."),
    ("EDGESSL_TASK", "The task file, where none is given; else edgessl/task.tnn in the XDG data folder."),
]


def text(value: str) -> str:
    """Text of a paragraph, with nothing in it that roff would obey."""
    lines = value.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def bold(value: str) -> str:
    return f"\\fB{text(value)}\\fR"


def value_of(argument: dict) -> str:
    return f"\\fI{text(argument['valueName'])}\\fR"


def spelling(argument: dict) -> str:
    """How an argument is written: all names of an option, and its value."""
    if argument["kind"] == "positional":
        return value_of(argument)
    names = [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument["names"]]
    value = f" {value_of(argument)}" if argument["kind"] == "option" else ""
    return ", ".join(bold(name) for name in names) + value


def usage(argument: dict) -> str:
    if argument["kind"] == "positional":
        part = value_of(argument)
    else:
        preferred = argument["preferredName"]
        part = bold(("--" if preferred["kind"] == "long" else "-") + preferred["name"])
        part += f" {value_of(argument)}" if argument["kind"] == "option" else ""
    part += " ..." if argument["isRepeating"] else ""
    return f"[{part}]" if argument["isOptional"] else part


def described(items: list[tuple[str, str]]) -> list[str]:
    return [line for term, meaning in items for line in (".TP", term, meaning)]


def arguments_of(command: dict) -> list[dict]:
    return [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]


def page(command: dict, name: str, version: str, date: str, others: list[str]) -> str:
    arguments = arguments_of(command)
    spoken = name.replace("-", " ", 1) if others == ["edgessl"] else name
    lines = [f'.TH {name.upper()} 1 "{date}" "edgessl {version}" "User Commands"', ".SH NAME"]
    lines += [f"{text(name)} \\- {text(command['abstract'].rstrip('.'))}", ".SH SYNOPSIS", bold(spoken)]
    lines += [usage(argument) for argument in arguments]
    subcommands = [one for one in command.get("subcommands", []) if one["commandName"] != "help"]
    if subcommands:
        lines += ["\\fIsubcommand\\fR ..."]
    lines += [".SH DESCRIPTION", text(command["abstract"])]
    if command.get("discussion"):
        lines += [".PP", text(command["discussion"])]
    if arguments:
        meanings = []
        for argument in arguments:
            meaning = argument.get("abstract", "")
            if argument.get("defaultValue") is not None:
                meaning += f" (default: {argument['defaultValue']})"
            meanings.append((spelling(argument), text(meaning.strip())))
        lines += [".SH OPTIONS", *described(meanings)]
    if subcommands:
        lines += [".SH COMMANDS", *described([(bold(one["commandName"]), text(one["abstract"])) for one in subcommands])]
        lines += [".SH ENVIRONMENT", *described([(bold(term), text(meaning)) for term, meaning in ENVIRONMENT])]
    lines += [".SH EXIT STATUS", *described([(term, text(meaning)) for term, meaning in EXIT_STATUS])]
    lines += [".SH SEE ALSO", ",\n".join(f".BR {text(other)} (1)" for other in others).replace(",\n.", " ,\n.")]
    return "\n".join(lines) + "\n"


def main() -> None:
    version, date, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    command = json.load(sys.stdin)["command"]
    subcommands = [one for one in command["subcommands"] if one["commandName"] != "help"]
    names = [f"edgessl-{one['commandName']}" for one in subcommands]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edgessl.1").write_text(page(command, "edgessl", version, date, names))
    for one, name in zip(subcommands, names, strict=True):
        (folder / f"{name}.1").write_text(page(one, name, version, date, ["edgessl"]))


main()
