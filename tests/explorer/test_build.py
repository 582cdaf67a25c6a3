"""The page in one file: its modules as one script, its data inside, and nothing from elsewhere."""

import base64
import hashlib
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from mydl.explorer.build import bundle, page
from mydl.explorer.payload import payload
from mydl.explorer.trace import trace
from mydl.models import squeezenet_tiny

NASTY = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def document():
    network = squeezenet_tiny(batch_norm=True, bypass="simple")
    result = trace(network, np.ones((32, 32, 3), np.float32), 3)
    picture = np.zeros((32, 32, 3), np.uint8)
    return payload(result, picture, f"title {NASTY}", [NASTY, *map(str, range(9))])


@pytest.fixture(scope="module")
def html(document):
    return page(document)


def inside(html, opening):
    """What stands between an opening tag and the end of that element."""
    tag = re.match(r"<(\w+)", opening)[1]
    return html.partition(opening)[2].partition(f"</{tag}>")[0]


def test_a_small_network_is_under_fifteen_megabytes(html):
    assert len(html.encode()) < 15_000_000


def test_the_data_are_inside_whatever_names_people_give(html, document):
    assert html.count("<script") == html.count("</script>") == 2
    data = inside(html, '<script type="application/json" id="data">')
    assert json.loads(data) == json.loads(json.dumps(document))
    assert inside(html, "<title>") == "title &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


def test_the_policy_lets_this_script_run_and_none_else(html):
    script = inside(html, '<script type="module">')
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_nothing_is_named_that_lies_elsewhere(html):
    without_data = html.replace(inside(html, '<script type="application/json" id="data">'), "")
    assert "import " not in re.sub(r"/\*.*?\*/|//.*", "", inside(html, '<script type="module">'))
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", without_data)
    assert all(re.match(r"data:|#", address) for address in addresses), addresses


MODULES = {
    "main.js": """\
import { double, base as one } from "./numbers.js";
import {
  Greeter,
  greet,
} from "./words.js";

const own = "main";
console.log(double(one), new Greeter().name, own);
greet(own).then(console.log);
""",
    "numbers.js": "export const base = 1;\nexport function double(x) {\n  return 2 * x;\n}\n",
    "words.js": """\
import { base } from "./numbers.js";

const own = "words";
export class Greeter {
  name = own;
}
export async function greet(whom) {
  return `${own} ${whom} ${base}`;
}
""",
}


def test_a_bundle_does_what_the_modules_do(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on the path")
    for name, source in MODULES.items():
        (tmp_path / name).write_text(source)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "bundle.mjs").write_text(bundle(MODULES, "main.js"))

    def says(name):
        command = [node, str(tmp_path / name)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert says("bundle.mjs") == says("main.js") == "2 words main\nwords main 1\n"


def test_a_module_runs_once_and_after_those_it_imports():
    script = bundle(MODULES, "main.js")
    assert re.findall(r"^// ---- (.*)", script, re.M) == ["numbers.js", "words.js", "main.js"]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"a.js": 'import { b } from "./b.js";'}, "a.js imports b.js, which is not there"),
        (
            {"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'},
            "modules import each other: a.js -> b.js -> a.js",
        ),
        ({"a.js": 'import b from "./b.js";'}, "this kind of line is not understood: import b"),
        ({"a.js": "export default 1;"}, "this kind of line is not understood: export default"),
        ({"a.js": "const a = 1;\nexport { a };"}, "this kind of line is not understood: export {"),
    ],
)
def test_what_the_bundle_cannot_do_is_told(sources, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bundle(sources, "a.js")
