"""What schemathesis sends where a body made of the schema alone would nearly never be accepted: flows that run."""

import random

import schemathesis

CHOICE = random.Random(1)


def flow():
    fails = {"id": "a", "type": "action", "action": "fail", "input": {"message": "as asked"}}
    node = CHOICE.choice([
        {"id": "a", "type": "action", "action": "echo", "input": {"x": "${trigger_data}"}},
        fails,
        {**fails, "on_exhausted": "ask"},
        {**fails, "retry": {"enabled": True, "count": 1, "initial_interval_seconds": 6}},
        {"id": "a", "type": "delay", "delay_seconds": 6},
    ])
    return {"name": "Made", "status": CHOICE.choice(["active", "active", "active", "draft"]),
            "is_template": CHOICE.random() < 0.2, "flow_definition": {"nodes": [node], "edges": []}}


@schemathesis.hook
def map_body(context, body):
    method, path = context.operation.method.upper(), context.operation.path
    if (method, path) == ("POST", "/api/v1/studio/flows") and CHOICE.random() < 0.9:
        return flow()
    if path.endswith("/execute") and "flows" in path and CHOICE.random() < 0.8:
        return {"trigger_data": body}
    return body


@schemathesis.hook
def map_query(context, query):
    # Some of the flows wait for a person, and a request that waits for their end would outlast its timeout.
    return {name: value for name, value in query.items() if name != "wait"} if query else query
