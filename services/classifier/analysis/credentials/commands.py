"""Secrets on command lines: where each program takes one, as data.

Rules:
- A line is read once, from program to program (`|`, `&&`, `;`, a new line, `$(`): a flag means what it means for the
  program before it. Only what stands as the flag's value is the secret, without its quotes.
- A flag with a telling name (`--password x`, `-storepass x`) means it for every program.
- A command in quotes behind a shell (`ssh`, `bash -c`, `kubectl exec`) is read as one.
- What is piped or fed into a program that reads a secret from its input is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from services.classifier.analysis import names
from services.classifier.analysis.credentials import links, stand_ins
from services.classifier.analysis.credentials.rule import SECRET, Text
from services.classifier.model import Span


class Program(NamedTuple):
    """Where programs of one kind take a secret."""

    name: str
    programs: tuple[str, ...]
    value: tuple[str, ...] = ()
    """Flags whose value is a secret: the next word; with `+`, what is attached to the flag; after `=` either."""
    pair: tuple[str, ...] = ()
    """Flags whose value is `user:password` or `user%password`."""
    setting: tuple[str, ...] = ()
    """Flags whose value is `name=secret`, whatever the name."""
    piped: tuple[str, ...] = ()
    """Words that say that the secret comes on standard input; an empty one for programs that read nothing else."""
    after: tuple[tuple[str, int], ...] = ()
    """(word, n): the nth operand after the word is a secret."""
    only: tuple[str, ...] = ()
    """Words one of which stands in the command, where the flags mean something else without."""


PROGRAMS: Final = (
    Program("mysql", ("mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlsh", "mysqlcheck", "mariadb",
                      "mariadb-dump", "mariadb-admin"), value=("-p+",)),
    Program("sshpass", ("sshpass",), value=("-p", "-p+")),
    Program("curl", ("curl",), value=("--oauth2-bearer", "--pass", "--proxy-pass"),
            pair=("-u", "-u+", "--user", "-U", "-U+", "--proxy-user", "-E", "--cert")),
    Program("http_client", ("http", "https", "httpie", "xh", "ab", "hey"), pair=("-a", "--auth", "-A", "-auth")),
    Program("openssl", ("openssl",), value=("-k", "-K")),
    Program("keytool", ("keytool", "jarsigner"), value=("-srcstorepass", "-deststorepass", "-srckeypass",
            "-destkeypass")),
    Program("redis", ("redis-cli", "valkey-cli"), value=("-a", "--pass")),
    Program("mongo", ("mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "cqlsh",
            "beeline"),
            value=("-p", "-p+")),
    Program("mssql", ("sqlcmd", "bcp", "osql"), value=("-P", "-P+")),
    Program("registry_login", ("docker", "podman", "nerdctl", "buildah", "helm", "oras", "crane", "skopeo", "az", "oc",
            "cf",
                               "twine", "ibmcloud"), value=("-p", "-p+"), piped=("--password-stdin",),
            only=("login", "upload")),
    Program("image_copy", ("skopeo", "podman", "buildah"), pair=("--creds", "--src-creds", "--dest-creds")),
    Program("ldap", ("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldappasswd", "ldapwhoami"), value=("-w",
            "-w+")),
    Program("zip", ("zip", "unzip"), value=("-P", "-P+")),
    Program("archiver", ("7z", "7za", "7zz", "rar", "unrar"), value=("-p+", "-hp+")),
    Program("ssh_keygen", ("ssh-keygen",), value=("-N", "-P")),
    Program("putty", ("plink", "pscp", "psftp"), value=("-pw",)),
    Program("windows_share", ("smbclient", "rpcclient", "winexe", "smbmap", "nxc"), value=("-p",), pair=("-U",)),
    Program("remote_desktop", ("xfreerdp", "wfreerdp", "rdesktop"), value=("/p:+", "-p")),
    Program("ipmi", ("ipmitool",), value=("-P", "-P+")),
    Program("vault_login", ("vault", "bao", "bw", "cargo", "wandb"), after=(("login", 1), ("unlock", 1), ("unseal",
            1))),
    Program("set_password", ("rabbitmqctl", "net", "htpasswd"),
            after=(("add_user", 2), ("change_password", 2), ("user", 2), ("-b", 3), ("-bc", 3), ("-cb", 3), ("-bB", 3),
                   ("-nb", 2))),
    Program("token_flag", ("doctl", "vercel", "flyctl", "fly"), value=("-t", "--access-token")),
    Program("parameter_store", ("aws",), value=("--value",), only=("SecureString",)),
    Program("key_vault", ("az",), value=("--value",), only=("keyvault",)),
    Program("secret_store", ("gh", "glab"), value=("-b", "--body"), only=("secret",)),
    Program("forge_login", ("gh", "glab"), piped=("--with-token", "--stdin")),
    Program("kubernetes_secret", ("kubectl", "oc"), setting=("--from-literal",), only=("secret",)),
    Program("password_input", ("chpasswd", "passwd", "kinit"), piped=("",)),
    Program("sudo_input", ("sudo",), piped=("-S",)),
    Program("powershell", ("ConvertTo-SecureString",), value=("-String",), after=(("ConvertTo-SecureString", 1),)),
)  # fmt: skip

NAMES: Final = (*(f"command_{one.name}" for one in PROGRAMS), "command_option", "command_setting", "command_source")
_BY_PROGRAM: Final = {
    program: tuple(one for one in PROGRAMS if program in one.programs) for one in PROGRAMS for program in one.programs
}
_WORD: Final = re.compile(
    r"(?P<stop>\|\|?|&&|;|\n|\$\(|`|&(?=\s))|(?P<word>(?:'[^']{0,2000}'|\"(?:[^\"\\]|\\.){0,2000}\"|\\\n|\\.|[^\s'\"|"
    r";&`\\])+)|'|\"|\\|&"
)
_OPTION: Final = re.compile(r"--?[A-Za-z][\w.-]{1,60}")
_BLIND: Final = frozenset({"ask", "no", "prompt", "without", "stdin", "with"})
"""`--ask-password`: the flag has no value."""
_SAYS: Final = re.compile(
    r"(?i)flags?|options?|arguments?|parameters?|switch|fields?|prompt|stdin|files?|env|-.*|[=:].*"
)
_METAVARIABLE: Final = re.compile(r"[A-Z]{3,20}(?:_[A-Z]{2,20}){0,3}")
"""`--token TEXT`: how help shows that a flag has a value."""
_REACH: Final = 200
"""Words after a program's name that may be its flags; another program ends them."""
_SETTERS: Final = frozenset({"set", "--set", "--add"})
_PRINTS: Final = frozenset({"echo", "printf"})
_SETTING: Final = re.compile(r"[A-Za-z_][\w.-]{0,60}=.*", re.DOTALL)
_SOURCE: Final = re.compile(r"pass:(.{1,300})", re.DOTALL)
_OPEN: Final = re.compile(
    r"(?i)user(?:name)?|login|e?mail|host|port|db|database|name|region|endpoint|url|domain|\.?docker.*"
)
"""What a Secret of Kubernetes holds besides secrets."""
_MARKS: Final = (
    " -",
    "'-",
    '"-',
    "/p:",
    "pass:",
    " set",
    "login",
    "unlock",
    "unseal",
    "chpasswd",
    "passwd",
    "kinit",
    "securestring",
    "add_user",
    "net user",
)


class Word(NamedTuple):
    """A word of a command: where its text stands, without quotes around all of it."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def find(text: Text) -> Iterator[Span]:
    """Every secret on a command line in the text."""
    folded = text.folded
    if not [mark for mark in _MARKS if mark in folded]:
        return
    yield from _in_lines(text.raw)


def _in_lines(text: str, *, inner: bool = False) -> Iterator[Span]:
    """What commands hold, and once what they hand to another shell: `ssh host "mysql -p'…'"`."""
    before: Sequence[Word] = ()
    for words in _commands(text):
        if not inner and any(word.text.rpartition("/")[2] in _SHELLS for word in words):
            for word in words:
                if " " in word.text:
                    for span in _in_lines(word.text, inner=True):
                        yield replace(span, start=span.start + word.start, end=span.end + word.start)
        yield from _options(words)
        called = [(index, found) for index, word in enumerate(words) if (found := _programs(word))]
        ends = (*(index for index, _ in called[1:]), len(words))
        for (index, programs), end in zip(called, ends, strict=False):
            reach = words[index : min(end, index + _REACH)]
            for program in programs:
                if not program.only or any(one.text in program.only for one in reach):
                    yield from _of_program(program, reach, before)
        before = words


_SHELLS: Final = frozenset({"ssh", "sh", "bash", "zsh", "su", "sudo", "exec", "kubectl", "docker", "nohup", "watch"})


def _programs(word: Word) -> Sequence[Program]:
    return _BY_PROGRAM.get(word.text.rpartition("/")[2].removesuffix(".exe"), ())


def _commands(text: str) -> Iterator[list[Word]]:
    """The words of each command."""
    words: list[Word] = []
    for match in _WORD.finditer(text):
        if match["stop"] is not None:
            if words:
                yield words
            words = []
        elif match["word"] is not None:
            words.append(_unquoted(match["word"], match.start()))
    if words:
        yield words


def _unquoted(word: str, start: int) -> Word:
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" and word[0] not in word[1:-1]:
        return Word(word[1:-1], start + 1)
    return Word(word, start)


def _options(words: Sequence[Word]) -> Iterator[Span]:
    """`--password x` and `config set NAME x`, whatever the program."""
    for index, word in enumerate(words[:-1]):
        value = words[index + 1]
        if _OPTION.fullmatch(word.text):
            hints = names.words(word.text)
            said = _SAYS.fullmatch(value.text) or _METAVARIABLE.fullmatch(value.text)
            if names.is_secret(hints) and _BLIND.isdisjoint(hints) and not said:
                yield from _span(value, "command_option", hints)
        elif index and words[index - 1].text.lower() in _SETTERS and _sets(word, value):
            yield from _span(value, "command_setting", names.words(word.text))
    for word in words:
        if (source := _SOURCE.fullmatch(word.text)) is not None:
            yield from _span(Word(source[1], word.start + source.start(1)), "command_source")


def _sets(name: Word, value: Word) -> bool:
    """Whether a name is a secret's and what follows is no flag."""
    return names.is_secret(names.words(name.text)) and not value.text.startswith("-")


def _of_program(program: Program, words: Sequence[Word], before: Sequence[Word]) -> Iterator[Span]:
    name = f"command_{program.name}"
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        for value in _values(word, following, program.value):
            yield from _span(value, name)
        for value in _values(word, following, program.pair):
            yield from _pair(value, name)
        for value in _values(word, following, program.setting):
            setting, _, secret = value.text.partition("=")
            if not _OPEN.fullmatch(setting):
                yield from _span(Word(secret, value.end - len(secret)), name)
        for after, number in program.after:
            operands = [one for one in words[index + 1 :] if not one.text.startswith("-")] if word.text == after else []
            if len(operands) >= number and not _SETTING.fullmatch(operands[number - 1].text):
                yield from _span(operands[number - 1], name)
        if (word.text in program.piped and index) or (not index and "" in program.piped):
            yield from _fed(words, before, name)


def _values(word: Word, following: Word | None, flags: Sequence[str]) -> Iterator[Word]:
    """The value of a flag: the next word, what is attached, or what follows `=`."""
    for flag in flags:
        if flag.endswith("+"):
            rest = word.text.removeprefix(flag[:-1])
            if rest and rest is not word.text and len(rest) < len(word.text):
                yield _unquoted(rest, word.end - len(rest))
        elif word.text == flag:
            if following is not None and not following.text.startswith("-"):
                yield following
        elif flag.startswith("--") and word.text.startswith(f"{flag}="):
            rest = word.text[len(flag) + 1 :]
            yield _unquoted(rest, word.end - len(rest))


def _pair(value: Word, name: str) -> Iterator[Span]:
    """`user:password`, `user%password`: all of it."""
    user, sign, password = value.text.partition("%" if ":" not in value.text else ":")
    if not sign or not password or links.is_printed(value.text):
        return
    kind = stand_ins.kind_of_told(SECRET, password, ("password",))
    if kind is not None and not user.startswith(("http", "/")):
        yield Span(kind, value.start, value.end, 0.9, f"credential/{name}")


def _fed(words: Sequence[Word], before: Sequence[Word], name: str) -> Iterator[Span]:
    """`echo x | program --password-stdin`, `program --with-token <<< x`."""
    for index, word in enumerate(words[:-1]):
        if word.text == "<<<":
            yield from _span(words[index + 1], name)
    if before and before[0].text in _PRINTS:
        operands = [word for word in before[1:] if not word.text.startswith(("-", "%"))]
        if operands:
            yield from _span(operands[-1], name)


def _span(value: Word, name: str, hints: tuple[str, ...] = ("password",)) -> Iterator[Span]:
    kind = stand_ins.kind_of_told(SECRET, value.text, hints)
    if kind is not None:
        yield Span(kind, value.start, value.end, 0.9, f"credential/{name}")
