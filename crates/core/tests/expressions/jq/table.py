"""Writes table.json: how jq orders and writes numbers. Needs the PyPI package `jq`, which has jq 1.8 inside:

    pip install jq==1.13.0 && python3 table.py > table.json

jq keeps the digits of a number that it only passes on, and compares two such numbers by all of them, since version 1.7.
"""

import json

import jq

NUMBERS = """
0 -0 0.0 -0.00 0e5 1 1.0 1.00 100e-2 10e-1 0.1e1 1E0 -1 -1.0 2 10 100 1e2 1E+2 1.0e2 99.99 100.01 -100 0.1 0.10
0.10000000000000000001 0.1000000000000000000100 0.2 0.30000000000000004 0.3 19.9 19.90 19.91 1e-7 0.0000001 1.5e-10
5e-324 1e-300 2.2250738585072014e-308 9007199254740991 9007199254740992 9007199254740993 9007199254740993.0
9007199254740993.5 -9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
18446744073709551615 18446744073709551616 7615917337495251231 7615917337495251232
170141183460469231731687303715884105727 170141183460469231731687303715884105728
100000000000000000000000 100000000000000000000001 1e23 1.00000000000000000000001e23
123456789012345678901234567890 123456789012345678901234567890.5 123456789012345678901234567891
3.141592653589793 3.14159265358979323846264338327950288 1e300 1.7976931348623157e308
""".split()

SIGN = "def sign($a; $b): if $a == $b then \"=\" elif $a < $b then \"<\" else \">\" end;"


def ask(program):
    return jq.compile(f"{SIGN} {program}").input_text("[" + ",".join(NUMBERS) + "]").first()


print("{")
print(' "numbers":', json.dumps(NUMBERS) + ",")
print(' "written":', json.dumps(ask("map(tojson)")) + ",")
print(' "sorted":', json.dumps(ask("sort | map(tojson)")) + ",")
print(' "unique":', json.dumps(ask("unique | length")) + ",")
print(' "signs": [')
rows = ask('. as $all | map(. as $a | $all | map(sign($a; .)) | add)')
print(",\n".join("  " + json.dumps(row) for row in rows))
print(" ]\n}")
