"""Evaluates expressions of admission policies by Google's own CEL, with the libraries that kube-apiserver has on."""

import copy
import re

import jsonpatch
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

ENVIRONMENT = cel.NewEnv(
    config=cel.NewEnvConfigFromYaml("name: admission\nextensions:\n- name: two-var-comprehensions\n"),
    variables={name: cel.Type.DYN for name in ["object", "params", "request", "variables"]},
    extensions=[ext_optional.ExtOptional(), ext_strings.ExtStrings()],
)


def evaluate(expression, **data):
    # The type of kube-apiserver's own, as a map: its members have the same names.
    if "JSONPatch{" in expression:
        expression = re.sub(r"(?<!')\b(op|path|value): ", r"'\1': ", expression.replace("JSONPatch{", "{"))
    data = {"params": {}, "request": {}, "variables": {}, **data}
    result = ENVIRONMENT.compile(expression).eval(data=data)
    value = result.plain_value()
    if result.type() == cel.Type.ERROR:
        raise ValueError(f"{value}: {expression}")
    return value


def applies(conditions, **data):
    """Whether a policy or webhook with these matchConditions looks at the object."""
    return all(evaluate(one["expression"], **data) for one in conditions or [])


def variables_of(spec, **data):
    known = {}
    for variable in spec["variables"]:
        known[variable["name"]] = evaluate(variable["expression"], variables=known, **data)
    return known


def mutated(policy, **data):
    """The pod as the policy leaves it."""
    spec = policy["spec"]
    if not applies(spec.get("matchConditions"), **data):
        return data["object"]
    known = variables_of(spec, **data)
    pod = copy.deepcopy(data["object"])
    for mutation in spec["mutations"]:
        patch = evaluate(mutation["jsonPatch"]["expression"], variables=known, **data)
        pod = jsonpatch.apply_patch(pod, patch)
    return pod


def refusal(policy, **data):
    """What the validating policy says against the pod, or nothing."""
    spec = policy["spec"]
    if not applies(spec.get("matchConditions"), **data):
        return None
    known = variables_of(spec, **data)
    for validation in spec["validations"]:
        if not evaluate(validation["expression"], variables=known, **data):
            return evaluate(validation["messageExpression"], variables=known, **data)
    return None
