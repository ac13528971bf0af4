"""Checks a document against the part of JSON Schema (draft 7) that docs/result.schema.json uses.

A keyword that this does not know is an error: a schema must not promise what nobody checks.
"""
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float)}
WORDS = {"$schema", "$ref", "title", "description", "definitions", "type", "required",
         "properties", "additionalProperties", "propertyNames", "items", "enum", "minimum",
         "pattern"}


def faults(schema, document, strict=False):
    """All that is wrong, as lines. `strict`: properties that it does not name are faults too."""
    return list(_check(schema, schema, document, "$", strict))


def _check(root, schema, value, path, strict):
    unknown = set(schema) - WORDS
    assert not unknown, f"{path}: the schema says {unknown}, which nobody checks"
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or
                 (isinstance(value, bool) and kind != "boolean")):
        yield f"{path}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: {value} is below {schema['minimum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _check(root, schema.get("items", {}), item, f"{path}[{number}]", strict)
    if isinstance(value, dict):
        yield from _check_object(root, schema, value, path, strict)


def _check_object(root, schema, value, path, strict):
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}: {name} is missing"
    for name, item in value.items():
        if "propertyNames" in schema:
            yield from _check(root, schema["propertyNames"], name, f"{path}.{name}", strict)
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if inner is not None:
            yield from _check(root, inner, item, f"{path}.{name}", strict)
        elif strict:
            yield f"{path}: {name} is not in the schema"
