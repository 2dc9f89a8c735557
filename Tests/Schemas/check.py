"""Checks the schemas of Andon's topics: see Deploy/check-schemas.

Usage: check.py TOP_OF_REPOSITORY [JSON_SCHEMA_OF_ASYNCAPI]

Prints one line per thing that is wrong and exits with 1, or a summary and exits with 0.
"""

import copy
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import referencing
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

TOP = Path(sys.argv[1])
FOLDER = TOP / "Schemas" / "andon" / "v1"
DOCUMENT = TOP / "Schemas" / "asyncapi.yaml"
COMMON = "common"

faults = []
done = 0


def expect(holds, fault):
    """Counts a check, and notes what is wrong when it does not hold."""
    global done
    done += 1
    if not holds:
        faults.append(fault)


# --- Reading


def without_duplicates(pairs):
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"twice in one object: {', '.join(sorted(twice))}")
    return dict(pairs)


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=without_duplicates)


class Loader(yaml.SafeLoader):
    """As the safe one, but a name that stands twice in a mapping is an error."""

    def construct_mapping(self, node, deep=False):
        pairs = [(self.construct_object(name, deep=True), None) for name, _ in node.value]
        without_duplicates(pairs)
        return super().construct_mapping(node, deep)


def from_file(uri):
    return referencing.Resource.from_contents(read_json(Path(unquote(uri.removeprefix("file://")))))


REGISTRY = referencing.Registry(retrieve=from_file)


# --- JSON pointers


def parts(pointer):
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def step(value, part):
    return value[int(part)] if isinstance(value, list) else value[part]


def at(value, pointer):
    for part in parts(pointer):
        value = step(value, part)
    return value


def changed(value, pointer, new):
    """A copy with another value at one place."""
    result = copy.deepcopy(value)
    *way, last = parts(pointer)
    place = result
    for part in way:
        place = step(place, part)
    place[int(last) if isinstance(place, list) else last] = new
    return result


def removed(value, pointer):
    """A copy without the member at one place."""
    result = copy.deepcopy(value)
    *way, last = parts(pointer)
    place = result
    for part in way:
        place = step(place, part)
    del place[last]
    return result


def members(value, pointer=""):
    """Pointers to everything inside a value."""
    inner = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else []
    for name, child in inner:
        text = str(name).replace("~", "~0").replace("/", "~1")
        yield f"{pointer}/{text}"
        yield from members(child, f"{pointer}/{text}")


def references(value):
    """Every $ref of a document, examples apart."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "$ref" and isinstance(child, str):
                yield child
            elif name != "examples":
                yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


# --- JSON Schemas


def places(validator, instance):
    """Where an instance breaks its schema: JSON pointers."""
    return {"".join(f"/{part}" for part in error.absolute_path) for error in validator.iter_errors(instance)}


def check_schema(path, counterexamples):
    name = path.name.removesuffix(".schema.json")
    schema = read_json(path)
    expect(schema.get("$schema") == Draft202012Validator.META_SCHEMA["$id"], f"{path.name}: is not of draft 2020-12")
    try:
        Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return expect(False, f"{path.name}: {error.json_path}: {error.message}")
    resolver = REGISTRY.resolver(path.as_uri())
    for reference in references(schema):
        try:
            resolver.lookup(reference)
            expect(True, "")
        except (referencing.exceptions.Unresolvable, OSError) as error:
            expect(False, f"{path.name}: {reference} does not resolve: {str(error)[:80]}")
            return None
    if name == COMMON:
        return None
    validator = Draft202012Validator({"$ref": path.as_uri()}, registry=REGISTRY)
    examples = schema.get("examples", [])
    expect(examples, f"{path.name}: has no examples")
    for number, example in enumerate(examples):
        for place in places(validator, example):
            expect(False, f"{path.name}: example {number} is refused at {place or 'its top'}")
        expect(True, "")
    if examples:
        cases = counterexamples.get(name)
        expect(cases, f"{path.name}: has no counter-examples")
        check_refusals(path.name, validator, examples[0], cases or {"optional": [], "cases": []})
    return None


def check_refusals(name, validator, example, counterexamples):
    """Nothing but the examples passes: neither what is known to be wrong nor anything that lacks a member or has one of
    another kind."""
    for case in counterexamples["cases"]:
        wrong = example
        for pointer, value in case.get("change", {}).items():
            wrong = changed(wrong, pointer, value)
        if "remove" in case:
            wrong = removed(wrong, case["remove"])
        expected = case.get("at", next(iter(case.get("change", {None: None}))))
        found = places(validator, wrong)
        expect(
            any(place == expected or place.startswith(f"{expected}/") for place in found),
            f"{name}: \"{case['why']}\" is not refused at {expected or 'its top'} but at {sorted(found) or 'no place'}")
    optional = set(counterexamples["optional"])
    for pointer in members(example):
        expect(
            places(validator, changed(example, pointer, {"of": ["another kind"]})),
            f"{name}: {pointer} may be anything")
        if not isinstance(at(example, pointer.rpartition("/")[0]), list):
            is_refused = bool(places(validator, removed(example, pointer)))
            expect(is_refused != (pointer in optional), f"{name}: {pointer} is {'' if is_refused else 'not '}required")
    for pointer in optional - set(members(example)):
        expect(False, f"{name}: {pointer}, which may be left out, is not in the first example")


# --- AsyncAPI


def asyncapi_faults(document, validator, names):
    """What is wrong with an AsyncAPI document, as texts."""
    found = []
    if validator:
        for error in validator.iter_errors(document):
            leaf = jsonschema.exceptions.best_match([error])
            found.append(f"{leaf.json_path}: {leaf.message[:200]}")
    for reference in references(document):
        if not resolves(document, reference):
            found.append(f"{reference} does not resolve")
    if not found:
        found += topic_faults(document, names) + message_faults(document)
    return found


def resolves(document, reference):
    file, _, pointer = reference.partition("#")
    try:
        if not file:
            at(document, pointer)
            return True
        path = (DOCUMENT.parent / file).resolve()
        if path.suffix == ".json":
            at(read_json(path), pointer)
            return True
        return path.is_file() and not pointer
    except (OSError, LookupError, ValueError):
        return False


def topic_faults(document, names):
    """Channels and the program's own names of topics are the same."""
    found = []
    addresses = {name: channel["address"] for name, channel in document["channels"].items()}
    for topic in names["topics"] - set(addresses.values()):
        found.append(f"the topic {topic} of the program has no channel")
    for topic in set(addresses.values()) - names["topics"]:
        found.append(f"the program knows no topic {topic}")
    for name, channel in document["channels"].items():
        binding = channel["bindings"]["kafka"]
        if binding["topic"] != channel["address"]:
            found.append(f"channel {name}: its binding is of {binding['topic']}")
        if not binding["topicConfiguration"].get("cleanup.policy"):
            found.append(f"channel {name}: its binding has no cleanup.policy")
    groups = {
        operation["bindings"]["kafka"]["groupId"]["const"]
        for operation in document["operations"].values() if "bindings" in operation
    }
    if groups != names["groups"]:
        found.append(f"groups of the operations are {sorted(groups)}, of the program {sorted(names['groups'])}")
    written = {
        operation["channel"]["$ref"].rpartition("/")[2]
        for operation in document["operations"].values() if operation["action"] == "send"
    }
    for name in set(addresses) - written:
        found.append(f"channel {name}: nobody writes it")
    return found


def message_faults(document):
    """Each message has a payload of its own, and its examples are what its schemas say."""
    found = []
    payloads = []
    for name, channel in document["channels"].items():
        for reference in channel["messages"].values():
            message = at(document, reference["$ref"].removeprefix("#"))
            schema = message["payload"]["schema"]["$ref"]
            payloads.append(schema)
            if "x-protobuf-message" in message:
                record = message["x-protobuf-message"].rpartition(".")[2]
                text = (DOCUMENT.parent / schema).read_text(encoding="utf-8")
                if not re.search(rf"(?m)^message {record} \{{", text):
                    found.append(f"{schema} has no message {record}")
            key = Draft7Validator(message["bindings"]["kafka"]["key"])
            for example in message["bindings"]["kafka"]["key"].get("examples", []):
                found += [f"message {name}: its key {example}: {error.message}" for error in key.iter_errors(example)]
            if "headers" not in message:
                continue
            # Under one roof with the components, so that references reach them.
            headers = Draft7Validator({"allOf": [message["headers"]], "components": document["components"]})
            if schema.endswith(".json") and not message.get("examples"):
                found.append(f"message {name}: has headers and no example")
            for example in message.get("examples", []):
                found += [f"message {name}: its headers: {error.message}"
                          for error in headers.iter_errors(example["headers"])]
                kind = example["headers"].get("ce_type")
                if kind != channel["address"]:
                    found.append(f"message {name}: its ce_type is {kind}")
    files = {f"./andon/v1/{path.name}" for path in FOLDER.iterdir() if path.name != f"{COMMON}.schema.json"}
    if sorted(payloads) != sorted(files):
        found.append(f"messages and files of schemas differ: {sorted(files ^ set(payloads)) or 'one is used twice'}")
    return found


def program_names():
    """Names of topics and groups as the program has them, under the default prefix."""
    text = (TOP / "Sources" / "EventLog" / "Topics.swift").read_text(encoding="utf-8")
    found = re.findall(r'public var (\w+): String \{ "\\\(prefix\)\.([^"]+)" \}', text)
    return {
        "topics": {f"andon.{name}" for variable, name in found if not variable.endswith("Group")},
        "groups": {f"andon.{name}" for variable, name in found if variable.endswith("Group")},
    }


# Changes to the document after which the check has to find something; the first ones need AsyncAPI's own schema.
BROKEN_BY_SCHEMA = [
    ("an unknown action", "/operations/foldEvents/action", "read"),
    ("another version of a binding", "/channels/events/bindings/kafka/bindingVersion", "9"),
    ("a policy that Kafka does not have", "/channels/keys/bindings/kafka/topicConfiguration/cleanup.policy", ["keep"]),
    ("an unknown member", "/info/name", "Andon"),
    ("a number for a text", "/channels/alerts/address", 7),
]
BROKEN = [
    ("a reference to nowhere", "/channels/alerts/messages/alert/$ref", "#/components/messages/alarm"),
    ("a reference to no file", "/components/messages/alert/payload/schema/$ref", "./andon/v1/alarm.schema.json"),
    ("another topic", "/channels/alerts/address", "andon.alarms.v1"),
    ("another topic in the binding", "/channels/alerts/bindings/kafka/topic", "andon.alarms.v1"),
    ("another group", "/operations/foldEvents/bindings/kafka/groupId/const", "andon.folds.v1"),
    ("a topic that is read alone", "/operations/publishAlerts/action", "receive"),
    ("a payload of another topic", "/components/messages/alert/payload/schema/$ref", "./andon/v1/key.schema.json"),
    ("a message that the Protobuf file lacks", "/components/messages/record/x-protobuf-message", "andon.v1.Records"),
    ("headers of another type", "/components/messages/alert/examples/0/headers/ce_type", "andon.alarms.v1"),
    ("headers that are no CloudEvent", "/components/messages/alert/examples/0/headers/ce_specversion", "0.3"),
    ("a key that is none", "/components/messages/holder/bindings/kafka/key/examples", ["press-shop-2"]),
]


def check_asyncapi(schema):
    document = yaml.load(DOCUMENT.read_text(encoding="utf-8"), Loader)
    names = program_names()
    expect(len(names["topics"]) > 5 and names["groups"], "the names of topics cannot be read from Topics.swift")
    validator = Draft7Validator(schema) if schema else None
    for fault in asyncapi_faults(document, validator, names):
        expect(False, f"{DOCUMENT.name}: {fault}")
    expect(True, "")
    for what, pointer, value in BROKEN + (BROKEN_BY_SCHEMA if schema else []):
        broken = changed(document, pointer, value)
        expect(asyncapi_faults(broken, validator, names), f"{DOCUMENT.name}: {what} is not noticed")


counterexamples = read_json(TOP / "Tests" / "Schemas" / "counterexamples.json")
paths = sorted(FOLDER.glob("*.schema.json"))
for each in paths:
    check_schema(each, counterexamples)
unused = set(counterexamples) - {"about"} - {path.name.removesuffix(".schema.json") for path in paths}
expect(not unused, f"counter-examples of schemas that are not there: {sorted(unused)}")
check_asyncapi(read_json(Path(sys.argv[2])) if len(sys.argv) > 2 else None)

for fault in faults:
    print(f"error: {fault}", file=sys.stderr)
if faults:
    sys.exit(1)
print(f"{len(paths)} schemas and {DOCUMENT.name}: {done} checks passed")
