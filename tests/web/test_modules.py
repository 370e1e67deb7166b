"""What modules import, and what must be there before one runs."""

from pandaprobe_proxy.web.modules import find_needed, rename_imports, resolve

FILES = {
    "app/main.js": b"""import { a } from "./base/a.js";\nimport "../vendor/v.js";\nlet later = import("./late.js");""",
    "app/base/a.js": b"export * from '../base/b.js';",
    "app/base/b.js": b'import { a } from "./a.js";',
    "app/late.js": b"",
    "app/other.js": b'import { b } from "./base/b.js";',
    "vendor/v.js": b"",
}


def test_a_relative_path_is_a_file():
    assert resolve("app/parts/x.js", "../base/./a.js") == "app/base/a.js"
    assert resolve("app/main.js", "./base/a.js") == "app/base/a.js"


def test_what_a_module_needs_is_named_once_and_what_it_fetches_later_is_not():
    needed = ["app/main.js", "app/base/a.js", "vendor/v.js", "app/base/b.js"]
    assert find_needed(FILES, ["app/main.js"]) == needed
    assert find_needed(FILES, ["app/main.js", "app/other.js"]) == [needed[0], "app/other.js", *needed[1:]]


def test_imports_are_renamed_wherever_they_stand():
    told = rename_imports("app/main.js", FILES["app/main.js"].decode(), "x/")
    assert 'from "x/app/base/a.js"' in told and 'import "x/vendor/v.js"' in told and 'import("x/app/late.js")' in told
