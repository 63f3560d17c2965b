"""Random tables with an enum column: CHECKs as people write them, and as they get them wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

OTHERS = {"k": "text", "st": "text", "i": "integer", "j": "integer", "d": "date", "d2": "date", "bo": "boolean",
          "nu": "numeric(6,2)", "ts": "timestamp with time zone", "x": "character varying(5)"}
NOT_NULL = frozenset(("k", "j"))
TEXTS = ("text", "text", "character varying(20)", "character varying(6)", "character(6)", "character(12)", "name")
WORDS = ("long", "short", "flat", "open", "filled", "a", "b", "X", "day_trade", "limit", "stop limit", "", "Buy", "b%c",
         "it's", "a-b", "1", "é")
STRANGE = (
    "long\n", "\nlong", "LONG", "Long", "\u017fhort", "\u212a", "\ufb01lled", "\uff4c\uff4f\uff4e\uff47", "lo ng",
    "longlong",
    "x" * 17, "long,short", "0", "9", "leg0", "\u00e9", "\u00c9", "\u0130", "\u0131", "\u0661", "long\u00a0", "i\u0307",
    "i", "I",
    "long\t", "\\", "\\.", "lo\u0307ng")
"""Texts that careless CHECKs take for others."""
EXCUSES = ("st = 'legacy'", "i IS NULL", "k IS NULL", "j > 3", "bo", "NOT bo", "d > '2024-01-01'", "st IS NOT NULL",
           "current_setting('app.x', true) = 'on'", "d < d2", "nu > 9999", "nu > 10000", "k = 'x' AND k <> 'x'",
           "i > 3 AND i < 4", "x = 'toolongtext'", "j IS NULL", "length(k) = 3", "k ~ '^[0-9]$'", "false", "1 = 2",
           "lower(k) = 'admin'", "j % 2 = 1 AND j IN (2, 4)", "i + j = 7", "(st IS NULL) = (i IS NULL)",
           "current_user = 'value_app'", "ts > '2024-01-01 00:00+00'", "md5(k) = md5('a')", "NULL::boolean")
ELSEWHERE = ("i > 0", "j BETWEEN 1 AND 9", "nu >= 0", "d < d2", "length(k) <= 20", "st IN ('new', 'old', 'legacy')",
             "st <> 'x' OR i IS NOT NULL", "k ~ '^[a-z]+$'", "x IS NULL OR x IN ('a', 'b')", "bo IS NOT NULL",
             "(st = 'new' AND i IS NOT NULL) OR st <> 'new'", "i + j < 100", "num_nonnulls(i, st) = 1",
             "num_nonnulls(d, i) = 1", "k <> st",
             "COALESCE(i, 0) >= 0", "char_length(k) > 0", "nu * j < 500", "ts IS NULL OR ts > '2020-01-01 00:00+00'",
             "nu IS NULL OR nu >= 3", "k LIKE 'a%' OR j = 5", "btrim(k) <> ''", "i <> j", "lower(k) = k")


@dataclass(frozen=True)
class Specimen:
    """A table with a column `side`, and the values it should store."""

    type: str
    allowed: tuple[str, ...]
    checks: tuple[str, ...]
    honest: bool
    """Written to hold exactly the allowed values."""
    domain: str = ""
    """A CHECK over VALUE, when the type is a domain's base."""
    not_null: bool = False
    generated: str = ""
    literals: tuple[str, ...] = field(default=())


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def listed(texts: Sequence[str]) -> str:
    return ", ".join(map(quoted, texts))


def escaped(text: str) -> str:
    """A text as a regular expression."""
    return "".join("\\" + each if not (each.isalnum() or each in "_ '") else each for each in text)


def anchored(texts: Sequence[str]) -> str:
    return quoted("^(" + "|".join(map(escaped, texts)) + ")$")


def honest_text(random: Random, column: str, texts: Sequence[str], kind: str) -> list[str]:
    """CHECKs that hold a text column to `texts`, one of which may need all of them."""
    ors = " OR ".join(f"{column} = {quoted(each)}" for each in texts)
    plain = f"{column} IN ({listed(texts)})"
    literal = quoted("{" + ",".join('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in texts) + "}")
    forms = [[plain], [plain], [plain], [plain], [f"{column} = ANY (ARRAY[{listed(texts)}])"], [ors],
             [f"{column} = ANY ({literal})"],
             [f"NOT ({' AND '.join(f'{column} <> {quoted(each)}' for each in texts)})"],
             [f"{column} IS NULL OR {plain}"], [f"{plain} AND {column} IS NOT NULL"],
             [f"CASE {column} " + " ".join(f"WHEN {quoted(each)} THEN true" for each in texts) + " ELSE false END"],
             ["CASE " + " ".join(f"WHEN {column} = {quoted(each)} THEN true"
             for each in texts) + f" ELSE {column} IS NULL END"],
             [" OR ".join(f"{column} IS NOT DISTINCT FROM {quoted(each)}" for each in texts)],
             [f"COALESCE({column}, {quoted(texts[0])}) IN ({listed(texts)})"],
             [f"{plain} AND length({column}) <= 20"], [plain, f"length({column}) < 30"],
             [f"({plain}) IS TRUE"], [f"{column} IN ({listed([*texts, 'zz'])})", f"{column} <> 'zz'"],
             [f"{column} NOT IN ('zz')", f"{column} IN ({listed([*texts, 'zz'])})"],
             [f"(({column}, 1) IN ({', '.join(f'({quoted(each)}, 1)' for each in texts)}))"],
             [f"({ors}) AND (st IS NULL OR st <> 'x' OR {column} IS NOT NULL)"],
             [plain, f"st <> 'x' OR {column} IS NOT NULL"],
             [" OR ".join(f"({column} = {quoted(each)} AND j > {at})" for at, each in enumerate(texts))],
             [plain, f"{column} <> {quoted(texts[0])} OR i IS NOT NULL"],
             [f"{plain} AND i >= 0"], [f"array_position(ARRAY[{listed(texts)}]::text[], {column}::text) IS NOT NULL"],
             [f"{column}::text IN ({listed(texts)})"], [f"{column} COLLATE \"C\" IN ({listed(texts)})"]]
    if not kind.startswith("character("):
        forms += [[f"{column} ~ {anchored(texts)}"], [f"{column} ~ {anchored(texts)}"],
                  [f"{column} SIMILAR TO {quoted('(' + '|'.join(texts) + ')')}"],
                  [f"{column} LIKE {quoted(texts[0])} OR {plain}"]] if all(_plain(each) for each in texts) else []
        low = [each for each in texts if each == each.lower() and each.isascii()]
        if low == list(texts):
            forms += [[f"lower({column}) = {column} AND {plain}"], [f"{column} = lower({column})",
                f"lower({column}) IN ({listed(texts)})"],
                      [plain, f"{column} !~ '[A-Z]'"]]
            if all(each.isalpha() for each in texts):
                forms += [[f"{column} ~ '^[a-z]+$' AND lower({column}) IN ({listed(texts)})"],
                          [f"{column} ~ '^[a-z]+$' AND {plain}"]]
        if all(each == each.strip() for each in texts):
            forms += [[f"btrim({column}) = {column} AND trim({column}) IN ({listed(texts)})"],
                      [f"{plain} AND trim({column}) <> 'zz'"]]
    return random.choice(forms)


def _plain(text: str) -> bool:
    return bool(text) and all(each.isalnum() and each.isascii() for each in text)


PIECES = ("l", "o", "n", "g", "s", "short", "long", "[a-z]", "[^x]", ".", "\\d", "\\w", "\\s", "[0-9]", "[[:alpha:]]",
    "[lo]",
          "\\S", "A", "I", "i", "k", "é", "[^[:space:]]", "\\\\", "\\.", "-", "_", "[a-cx-z]", "\\x41", "[]a]", "[^]a]",
          "b{2}",
          "{", "(?:ab)", "()", "[[=a=]]", "[[.-.]]", "\\W", "[\\d_]", "'", " ")
WRAPS = ("{0}", "{0}", "{0}", "{0}*", "{0}+", "{0}?", "{0}{{2}}", "{0}{{1,3}}", "{0}{{0,}}", "({0})", "(?:{0})", "({0})\\1",
         "(?={0})", "(?!{0})", "{0}*?", "\\m{0}", "{0}\\M", "\\y{0}", "(?<=l){0}", "(?<!x){0}")


def regex(random: Random, texts: Sequence[str]) -> str:
    """A regular expression, often nearly right."""
    def branch(depth: int) -> str:
        if random.random() < 0.35:
            return escaped(random.choice(texts))
        parts = []
        for _ in range(random.randint(1, 3)):
            inner = f"(?:{alternatives(depth - 1)})" if depth and random.random() < 0.2 else random.choice(PIECES)
            parts.append(random.choice(WRAPS).format(inner) if random.random() < 0.4 else inner)
        return "".join(parts)

    def alternatives(depth: int) -> str:
        return "|".join(branch(depth) for _ in range(random.choice((1, 1, 2, 3))))

    body = alternatives(2)
    form = random.choice(("^({})$", "^({})$", "^(?:{})$", "{}", "^{}", "{}$", "\\A({})\\Z", "(?i)^({})$", "^({}){{1,2}}$"))
    return form.replace("{}", body).replace("{{", "{").replace("}}", "}")


def like(random: Random, texts: Sequence[str]) -> str:
    text = random.choice(texts)
    at = random.randint(0, len(text))
    return random.choice((text, text + "%", "%" + text, f"{text[:at]}_{text[at + 1:]}", f"{text[:at]}%{text[at:]}",
                          text.replace("_", "\\_"), "%", "_" * len(text), f"\\{text[:1]}{text[1:]}", "%a%b%"))


def term(random: Random, column: str, texts: Sequence[str], depth: int = 1) -> str:
    """A text made of the column."""
    inner = term(random, column, texts, depth - 1) if depth and random.random() < 0.35 else column
    mark = quoted(random.choice((" ", "x", "l", "-", "lx", "_ ", "o", "S")))
    number = random.choice((0, 1, 2, 3, 4, 5, 6, -1, -2, -3))
    return random.choice((
        f"lower({inner}::text)", f"upper({inner}::text)", f"btrim({inner}::text)", f"trim({inner}::text)",
        f"ltrim({inner}::text)",
        f"rtrim({inner}::text)", f"btrim({inner}::text, {mark})", f"trim(leading {mark} from {inner}::text)",
        f"trim(trailing {mark} from {inner}::text)", f"left({inner}::text, {number})", f"right({inner}::text, {number})",
        f"substr({inner}::text, {number})", f"substring({inner}::text from {number} for {abs(number)})",
        f"replace({inner}::text, {mark}, '')", f"replace({inner}::text, {mark}, 'o')",
        f"translate({inner}::text, 'lox_', 'LO')",
        f"reverse({inner}::text)", f"({inner}::text || {mark})", f"({mark} || {inner}::text)",
        f"({inner}::varchar(3))::text",
        f"({inner}::char(4))", f"({inner}::text COLLATE \"C\")", f"lower({inner}::text COLLATE \"C\")",
        f"normalize({inner}::text, NFKC)", f"COALESCE({inner}::text, 'long')", f"NULLIF({inner}::text, 'x')",
        f"concat({inner}::text, {mark})", f"split_part({inner}::text, '_', 1)", f"lpad({inner}::text, 5, 'x')",
        f"initcap({inner}::text)", f"md5({inner}::text)", f"({inner})::text"))


def text_atom(random: Random, column: str, texts: Sequence[str]) -> str:
    """A test of a text column."""
    made = random.choice((column, column, term(random, column, texts)))
    one, other = quoted(random.choice(texts)), quoted(random.choice(texts))
    few = listed(random.sample(texts, min(len(texts), random.randint(1, 3))))
    size = random.randint(0, 9)
    return random.choice((
        f"{made} = {one}", f"{made} IN ({few})", f"{made} IN ({few})", f"{made} <> {one}", f"{made} NOT IN ({few})",
        f"{made} ~ {quoted(regex(random, texts))}", f"{made} ~ {quoted(regex(random, texts))}",
        f"{made} !~ {quoted(regex(random, texts))}", f"{made} ~* {quoted(regex(random, texts))}",
        f"{made} LIKE {quoted(like(random, texts))}", f"{made} NOT LIKE {quoted(like(random, texts))}",
        f"{made} ILIKE {quoted(like(random, texts))}", f"{made} LIKE {quoted(like(random, texts))} ESCAPE '_'",
        f"length({made}) = {size}", f"length({made}) < {size}", f"char_length({made}::text) >= {size}",
        f"octet_length({made}::text) <= {size}", f"strpos({made}::text, {one}) = 0", f"position({one} in {made}::text) > 0",
        f"starts_with({made}::text, {one})", f"{made} IS NULL", f"{made} IS NOT NULL", f"{made} IS DISTINCT FROM {one}",
        f"{made} BETWEEN {one} AND {other}", f"{made} > {one}", f"{made}::text < {one} COLLATE \"C\"",
        f"{made}::text SIMILAR TO {quoted(random.choice(texts) + random.choice(('', '%', '_', '|x')))}",
        f"{one} LIKE {made} || '%'",
        f"{made} = {column}", f"{made}::text = st", f"ascii({made}::text) = 108", f"{made} IN ({few}, NULL)",
        f"{made} = ANY (string_to_array('long,short', ','))",
        f"{made}::text = ANY (ARRAY[upper('long'), lower({one}), {other}])",
        f"({made} = {one}) = ({column} = {other})", f"normalize({made}::text, NFKC) = {one}",
        f"md5({made}::text) = md5({one})",
        f"CASE WHEN {made} = {one} THEN true WHEN j > 3 THEN {column} = {other} END", f"{made} IS NFC NORMALIZED"))


def number_atom(random: Random, column: str) -> str:
    one, other = random.randint(-3, 9), random.randint(-3, 9)
    return random.choice((
        f"{column} = {one}", f"{column} IN ({one}, {other})", f"{column} > {one}", f"{column} <= {one}",
        f"{column} <> {one}",
        f"{column} BETWEEN {one} AND {other}", f"{column} % 2 = 0", f"{column} + 1 = {one}", f"abs({column}) < {abs(one)}",
        f"{column}::text ~ '^[12]$'", f"{column}::text = '{one}'", f"{column} IS NULL", f"{column} * 2 < {other}",
        f"length({column}::text) = 1", f"{column} = j", f"{column} / 2 = {abs(one)}", f"-{column} = {one}",
        f"{column}::text LIKE '{abs(one)}%'", f"{column} = {one}.5", f"GREATEST({column}, 2) = {one}"))


def random_check(random: Random, atom: Callable[[], str], depth: int = 2) -> str:
    """A boolean expression over atoms and other columns."""
    if not depth or random.random() < 0.4:
        return atom() if random.random() < 0.85 else random.choice(EXCUSES)
    one, other = random_check(random, atom, depth - 1), random_check(random, atom, depth - 1)
    return random.choice((f"({one}) AND ({other})", f"({one}) OR ({other})", f"({one}) AND ({other})", f"NOT ({one})",
                          f"({one}) IS NOT FALSE", f"({one}) IS TRUE", f"CASE WHEN {one} THEN {other} ELSE false END",
                          f"COALESCE({one}, {other})", f"({one}) = ({other})"))


def hostile_text(random: Random, column: str, texts: Sequence[str], kind: str) -> list[str]:
    """CHECKs that nearly hold a text column, or that are anything."""
    checks = honest_text(random, column, texts, kind)
    spoiled = random.randrange(6)
    if spoiled == 0:
        return [f"({checks[0]}) OR ({text_atom(random, column, texts)})", *checks[1:]]
    if spoiled == 1:
        return [f"({checks[0]}) OR ({random.choice(EXCUSES)})", *checks[1:]]
    if spoiled == 2:
        return [f"({checks[0]}) AND ({random.choice((text_atom(random, column, texts), random.choice(EXCUSES)))})",
            *checks[1:]]
    if spoiled == 3:
        return [text_atom(random, column, texts)]
    return [random_check(random, lambda: text_atom(random, column, texts)) for _ in range(random.choice((1, 1, 2)))]


def specimen(random: Random, extra: Sequence[str] = ()) -> Specimen:
    """A table; `extra` are further types to draw from."""
    honest = random.random() < 0.45
    kind = random.choice((*TEXTS, "integer", "smallint", "numeric(6,2)", "boolean", "text[]", '"char"', *extra))
    elsewhere = tuple(random.sample(ELSEWHERE, random.choice((0, 0, 1, 2, 3))))
    not_null = random.random() < 0.3
    if kind in ("integer", "smallint", "numeric(6,2)"):
        return _numbers(random, kind, honest, elsewhere, not_null)
    if kind == "boolean":
        allowed = random.choice((("true",), ("false",), ("true", "false")))
        forms = (["side"], ["side IS TRUE"], ["NOT side"], ["side OR i > 3"], ["side = false"], ["side IS NOT NULL"],
            ["side = bo"])
        return Specimen(kind, allowed, (*random.choice(forms), *elsewhere), False, not_null=not_null)
    if kind == "text[]":
        return _arrays(random, honest, elsewhere, not_null)
    pool = [each for each in WORDS if each.isascii() and len(each) == 1] if kind == '"char"' else list(WORDS)
    texts = random.sample(pool, random.randint(1, min(4, len(pool))))
    allowed = tuple(texts) if honest or random.random() < 0.8 else tuple(random.sample(pool, 2))
    if kind == '"char"':
        checks = [f"side IN ({listed(texts)})"] if honest else [random.choice((
            f"side IN ({listed(texts)}) OR j > 4", f"side <> {quoted(texts[0])}", f"side = {quoted(texts[0])}"))]
        return Specimen(kind, allowed, (*checks, *elsewhere), honest, not_null=not_null, literals=tuple(texts))
    if kind in extra:
        checks = _folded(random, kind, texts)
        return Specimen(kind, allowed, (*checks, *elsewhere), False, not_null=not_null, literals=tuple(texts))
    if honest and any(len(each) > _size(kind) for each in texts):
        kind = "text"
    made = honest_text if honest else hostile_text
    generated = ""
    if random.random() < 0.05 and kind == "text":
        generated = f"CASE WHEN j > 3 THEN {quoted(texts[0])} ELSE {quoted(texts[-1])} END"
    if random.random() < 0.15 and not generated:
        checks = [each for each in made(random, "VALUE", texts, kind) if not _mentions_others(each)]
        if checks:
            return Specimen(kind, allowed, elsewhere, honest, " AND ".join(f"({each})" for each in checks), not_null,
                            literals=tuple(texts))
    checks = made(random, "side", texts, kind)
    return Specimen(kind, allowed, (*checks, *elsewhere), honest and not generated, "", not_null and not generated,
        generated,
                    tuple(texts))


def _size(kind: str) -> int:
    return int(kind.partition("(")[2].rstrip(")") or 63)


def _mentions_others(check: str) -> bool:
    return any(f"{name} " in check or f" {name}" in check or f"({name}" in check for name in OTHERS)


def _folded(random: Random, kind: str, texts: Sequence[str]) -> list[str]:
    one = quoted(random.choice(texts))
    forms = [f"side IN ({listed(texts)})", f"side = {one}", f"side::text IN ({listed(texts)})",
             f"side IN ({listed(texts)}) AND side::text = lower(side::text)", f"side ~ {anchored(texts)}",
             f"side LIKE {one}", f"side IS NOT DISTINCT FROM {one}", f"NULLIF(side, {one}) IS NULL",
             f"CASE side WHEN {one} THEN true ELSE false END", f"lower(side) IN ({listed(texts)})",
             f"side <> {one}", "side = ANY ('{long,short}')", f"side IN ({listed(texts)}) AND side::text ~ '^[a-z]*$'",
             f"side IN ({listed(texts)}) OR j > 4", f"side::text COLLATE \"C\" IN ({listed(texts)})"]
    if "COLLATE" in kind:
        forms = [each for each in forms if "~" not in each and "LIKE" not in each]
    return [random.choice(forms)]


def _numbers(random: Random, kind: str, honest: bool, elsewhere: tuple[str, ...], not_null: bool) -> Specimen:
    low, count = random.randint(-2, 3), random.randint(1, 5)
    allowed = tuple(str(low + at) for at in range(count))
    plain = f"side IN ({', '.join(allowed)})"
    forms = [plain, f"side BETWEEN {allowed[0]} AND {allowed[-1]}", " OR ".join(f"side = {each}" for each in allowed),
             f"side >= {allowed[0]} AND side <= {allowed[-1]}", f"side = ANY ('{{{','.join(allowed)}}}')",
             f"side > {low - 1} AND side < {low + count}",
             f"CASE WHEN side IN ({', '.join(allowed)}) THEN true ELSE false END"]
    if kind.startswith("numeric"):
        forms = [forms[0], forms[2], forms[4], forms[6]]
    if honest:
        return Specimen(kind, allowed, (random.choice(forms), *elsewhere), True, not_null=not_null, literals=allowed)
    checks = [random_check(random, lambda: number_atom(random, "side"))]
    if random.random() < 0.5:
        checks = [f"({random.choice(forms)}) {random.choice(('AND', 'OR'))} ({checks[0]})"]
    return Specimen(kind, allowed, (*checks, *elsewhere), False, not_null=not_null, literals=allowed)


def _arrays(random: Random, honest: bool, elsewhere: tuple[str, ...], not_null: bool) -> Specimen:
    texts = random.sample([each for each in WORDS if each], random.randint(1, 3))
    one = quoted(random.choice(texts))
    forms = [f"side <@ ARRAY[{listed(texts)}]", f"side <@ ARRAY[{listed(texts)}] AND cardinality(side) > 0",
             f"array_length(side, 1) <= 3 AND side <@ ARRAY[{listed(texts)}]::text[]"]
    wrong = [f"side && ARRAY[{listed(texts)}]", f"{one} = ALL (side)", f"{one} = ANY (side)", f"side @> ARRAY[{one}]",
             f"side = ARRAY[{one}]", f"side <@ ARRAY[{listed(texts)}, 'zz']", f"side <@ ARRAY[{listed(texts)}] OR j > 4",
             f"NOT (side && ARRAY[{one}])", f"{one} <> ALL (side)",
             f"cardinality(side) = 2 AND side <@ ARRAY[{listed(texts)}]",
             f"array_to_string(side, ',') ~ {anchored(texts)}", f"side[1] = {one}",
             f"side <@ ARRAY[{listed(texts)}] AND {one} = ANY (side)"]
    return Specimen("text[]", tuple(texts), (random.choice(forms if honest else wrong), *elsewhere), honest,
        not_null=not_null,
                    literals=tuple(texts))
