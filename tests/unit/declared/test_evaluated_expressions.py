"""Expressions and functions; every expected value is what ``terraform console`` 1.11 prints."""

from collections.abc import Callable

import pytest

from skyworthy.estate import Unknown, Value

EXPRESSIONS: list[tuple[str, Value]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("7 / 2", 3.5),
    ("6 / 2", 3),
    ("-7 % 3", -1),
    ("-(2 - 5)", 3),
    ("2 >= 2 && !(1 > 2)", True),
    ("1 == 1.0", True),
    ('"1" == 1', False),
    ("true == 1", False),
    ('null == null ? "same" : "other"', "same"),
    ("false || true ? 1 : 2", 1),
    ("true ? false ? 1 : 2 : 3", 2),
    ('"a${1 + 1}b"', "a2b"),
    ('"${true}-${1.5}"', "true-1.5"),
    ('"${[1, 2][1]}"', 2),
    (r'"tab\tquote\" $${not} %%{not} \u00e9"', 'tab\tquote" ${not} %{not} é'),
    ('"%{ if 1 < 2 }yes%{ else }no%{ endif }"', "yes"),
    ('"%{ for x in ["a", "b"] }<${x}>%{ endfor }"', "<a><b>"),
    ('"a %{ if true ~}  b  %{~ endif } c"', "a b c"),
    ("[1, 2, 3][1]", 2),
    ('{ a = 1, "b" : 2, (upper("c")) = 3 }', {"a": 1, "b": 2, "C": 3}),
    ("{ a = { b = [10] } }.a.b[0]", 10),
    ("[{ a = 1 }, { a = 2 }][*].a", [1, 2]),
    ("[{ a = [1] }, { a = [2] }][*].a[0]", [1, 2]),
    ("[{ a = [1] }, { a = [2] }].*.a[0]", [1]),
    ("null[*]", []),
    ('"x"[*]', ["x"]),
    ("[for x in [1, 2, 3] : x * 2 if x != 2]", [2, 6]),
    ('[for i, x in ["a", "b"] : "${i}${x}"]', ["0a", "1b"]),
    ('[for k, v in { b = 1, a = 2 } : "${k}${v}"]', ["a2", "b1"]),
    ('{ for x in ["a", "b"] : x => upper(x) }', {"a": "A", "b": "B"}),
    ('{ for x in ["aa", "ab", "b"] : substr(x, 0, 1) => x... }', {"a": ["aa", "ab"], "b": ["b"]}),
    ("max([1, 5, 3]...)", 5),
    ("try([1][3], { a = 1 }.b, 9)", 9),
    ('can(tonumber("x"))', False),
    ('can(tonumber("4"))', True),
]

FUNCTIONS: list[tuple[str, Value]] = [
    ('formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")', "02 Jan 2018 23:12 UTC"),
    ("formatdate(\"EEEE 'it''s' H AA Z ZZZZ\", \"2024-02-29T00:05:09-05:30\")", "Thursday it's 12 AM -05:30 -0530"),
    ('"${0.1 + 0.2} ${0.3 - 0.1} ${0.0000001}"', "0.3 0.2 0.0000001"),
    ("jsonencode([1e21, 2.50])", "[1000000000000000000000,2.5]"),
    ('format("%s-%03d %.2f %t %q %%", "a", 7, 2.5, true, "x")', 'a-007 2.50 true "x" %'),
    ('format("%v %v", [1, "b"], null == null)', '[1,"b"] true'),
    ('format("%5s|%-5s|", "ab", "cd")', "   ab|cd   |"),
    ('formatlist("%s.%s", ["a", "b"], "c")', ["a.c", "b.c"]),
    ('join(", ", ["a", "b"], ["c"])', "a, b, c"),
    ('split(",", "a,b,,c")', ["a", "b", "", "c"]),
    ('title("hello big world")', "Hello Big World"),
    ('replace("a-b-c", "-", "_")', "a_b_c"),
    ('replace("hello", "/l+/", "<$0>")', "he<ll>o"),
    ('regex("(\\\\d+)-(\\\\w+)", "12-ab")', ["12", "ab"]),
    ('regex("[a-z]+", "12ab")', "ab"),
    ('regex("(?P<year>\\\\d+)", "in 2026")', {"year": "2026"}),
    ('regexall("[a-z]", "1a2b")', ["a", "b"]),
    ('substr("hello", 1, 3)', "ell"),
    ('substr("hello", -3, -1)', "llo"),
    ('trim("??a?", "?")', "a"),
    ('trimspace("  a\\n")', "a"),
    ('trimprefix("prod-a", "prod-")', "a"),
    ('trimsuffix("a.tf", ".tf")', "a"),
    ('startswith("abc", "ab")', True),
    ('endswith("abc", "ab")', False),
    ('strcontains("abc", "b")', True),
    ('strrev("abc")', "cba"),
    ('indent(2, "a\\nb")', "a\n  b"),
    ('sort(["b", "a", "C"])', ["C", "a", "b"]),
    ('parseint("ff", 16)', 255),
    ('length("héllo") + length([1, 2]) + length({ a = 1 })', 8),
    ("concat([1], [], [2, 3])", [1, 2, 3]),
    ("flatten([[1, [2]], 3, []])", [1, 2, 3]),
    ("merge({ a = 1, b = 1 }, null, { b = 2 })", {"a": 1, "b": 2}),
    ("keys({ b = 1, a = 2 })", ["a", "b"]),
    ("values({ b = 1, a = 2 })", [2, 1]),
    ('lookup({ a = 1 }, "b", 5)', 5),
    ("element([1, 2, 3], 4)", 2),
    ("slice([1, 2, 3, 4], 1, 3)", [2, 3]),
    ('contains(["a", "b"], "b")', True),
    ('index(["a", "b"], "b")', 1),
    ("distinct([3, 1, 3, 2, 1])", [3, 1, 2]),
    ('compact(["a", "", null, "b"])', ["a", "b"]),
    ('coalesce(null, "", "x")', "x"),
    ("coalescelist([], [1])", [1]),
    ("one([5])", 5),
    ("one([])", None),
    ('zipmap(["a", "b"], [1, 2])', {"a": 1, "b": 2}),
    ("range(3)", [0, 1, 2]),
    ("range(1, 8, 3)", [1, 4, 7]),
    ("range(3, 0)", [3, 2, 1]),
    ("reverse([1, 2, 3])", [3, 2, 1]),
    ("chunklist([1, 2, 3], 2)", [[1, 2], [3]]),
    ('transpose({ a = ["x", "y"], b = ["y"] })', {"x": ["a"], "y": ["a", "b"]}),
    ('matchkeys(["i1", "i2"], ["a", "b"], ["b"])', ["i2"]),
    ("alltrue([true, false])", False),
    ("anytrue([true, false])", True),
    ("alltrue([])", True),
    ("sum([1, 2.5])", 3.5),
    ('setproduct(["a", "b"], [1, 2])', [["a", 1], ["a", 2], ["b", 1], ["b", 2]]),
    ('toset(["b", "a", "b"])', ["a", "b"]),
    ('setunion(["a"], ["b", "a"])', ["a", "b"]),
    ('setintersection(["a", "b"], ["b"])', ["b"]),
    ('setsubtract(["a", "b"], ["b"])', ["a"]),
    ('tonumber("5") + 1', 6),
    ('tobool("true")', True),
    ("tostring(5)", "5"),
    ("tolist(toset([2, 1]))", [1, 2]),
    ("abs(-3) + ceil(1.2) + floor(1.8) + signum(-9)", 5),
    ("pow(2, 10)", 1024),
    ("max(1, 3, 2) - min(4, 2)", 1),
    ('cidrsubnet("10.0.0.0/16", 8, 2)', "10.0.2.0/24"),
    ('cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)', ["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]),
    ('cidrhost("10.0.0.0/24", 5)', "10.0.0.5"),
    ('cidrhost("10.0.0.0/24", -1)', "10.0.0.255"),
    ('cidrnetmask("172.16.0.0/12")', "255.240.0.0"),
    ('jsonencode({ b = [1, true, null], a = "x" })', '{"a":"x","b":[1,true,null]}'),
    ('jsonencode("<é&>")', '"\\u003cé\\u0026\\u003e"'),
    ('jsondecode("{\\"a\\": [1, 2]}").a[1]', 2),
    ('yamldecode("a: yes\\nb: [010, 0x1F, 0o17, 1e3, .5, 1.50]")', {"a": True, "b": [10, 31, 15, 1000, 0.5, 1.5]}),
    ('yamldecode("{a: 1_000, b: 0b11, c: ~, d: 2024-01-02}").d', "2024-01-02T00:00:00Z"),
    ('yamldecode("[1_000, 0b11, ~, 1:30, off, True]")', ["1_000", "0b11", None, "1:30", False, True]),
    ('yamldecode("x: &x {z: 1}\\n1:\\n  <<: *x\\n  w: |\\n    two")', {"x": {"z": 1}, "1": {"z": 1, "w": "two"}}),
    ('yamldecode("no: 1")', {"false": 1}),
    ('base64encode("hello")', "aGVsbG8="),
    ('base64decode("aGVsbG8=")', "hello"),
    ('urlencode("a b&c")', "a+b%26c"),
    ('md5("a")', "0cc175b9c0f1b6a831c399e269772661"),
    ('base64sha256("a")', "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
    ('textencodebase64("a", "UTF-8")', "YQ=="),
    ('csvdecode("a,b\\n1,2")', [{"a": "1", "b": "2"}]),
    ('uuidv5("dns", "example.com")', "cfbff0d1-9375-5685-968c-48ce8b15ae17"),
    ('basename("a/b.txt")', "b.txt"),
    ('dirname("a/b.txt")', "a"),
    ('timeadd("2026-01-01T00:00:00Z", "24h30m")', "2026-01-02T00:30:00Z"),
    ('timecmp("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")', -1),
]

REFUSED = [
    ('yamldecode("")', 'yamldecode("") cannot be evaluated: yamldecode: there is no document'),
    (
        'yamldecode("a: [1")',
        "yamldecode(\"a: [1\") cannot be evaluated: yamldecode: line 1: expected ',' or ']', but got '<stream end>'",
    ),
    ("[1][3]", "[1][3] cannot be evaluated: the index 3 is outside a list of 1"),
    ("{ a = 1 }.b", "{ a = 1 }.b cannot be evaluated: the object has no attribute 'b'"),
    ("1 / 0", "1 / 0 cannot be evaluated: division by zero"),
    ('"x" + 1', "\"x\" + 1 cannot be evaluated: 'x' is not a number"),
    ('"1_000" + 1', "\"1_000\" + 1 cannot be evaluated: '1_000' is not a number"),
    (r'can(regex("\\pL", "x"))', r"the pattern '\\pL' is not evaluated: bad escape \p at position 0"),
    ('can(regex("[[:graph:]]", "x"))', "the pattern '[[:graph:]]' is not evaluated"),
    ("nowhere(1)", "the function nowhere is not evaluated"),
    ("timestamp()", "timestamp() is known at apply"),
    ('"a${null}"', '"a${null}" cannot be evaluated: a string is needed, not null'),
    ("range(2000)", "range(2000) cannot be evaluated: range: more than 1024 elements"),
]


@pytest.mark.parametrize(
    ("expression", "expected"), EXPRESSIONS, ids=lambda item: item if isinstance(item, str) else ""
)
def test_expressions_give_terraforms_values(value_of: Callable[[str], Value], expression: str, expected: Value) -> None:
    value = value_of(expression)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("expression", "expected"), FUNCTIONS, ids=lambda item: item if isinstance(item, str) else "")
def test_functions_give_terraforms_values(value_of: Callable[[str], Value], expression: str, expected: Value) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(("expression", "reason"), REFUSED)
def test_what_terraform_refuses_is_unknown_with_the_reason(
    value_of: Callable[[str], Value], expression: str, reason: str
) -> None:
    value = value_of(expression)
    assert isinstance(value, Unknown)
    assert value.reason == reason
