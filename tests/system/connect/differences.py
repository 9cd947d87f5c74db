"""Where the host answers otherwise than a real Kafka Connect worker, and why. Each holds for the cases it names."""

import dataclasses


@dataclasses.dataclass
class Difference:
    request: str
    theirs: str
    ours: str
    why: str
    cases: list


DIFFERENCES = [
    Difference(
        "any body that is no JSON object of the right kind", "500, with the text of the JSON library", "400, with line and column or the field",
        "the request is wrong, not the server",
        ["create, no JSON", "create, empty body", "create, null", "create, a list", "create, trailing text", "create, unknown field",
         "create, no config", "create, nested value", "create, unknown initial_state", "put, null body", "alter, unknown field", "alter, more beside them", "validate, no JSON"],
    ),
    Difference(
        "a configuration with a key that the connector does not have", "taken, and ignored", "400 with the nearest key that there is",
        "a mistyped key would otherwise archive with a default, silently", ["create, unknown key", "delete it again"],
    ),
    Difference(
        "validate with a key that the connector does not have", "no error, and null as its definition", "an error, and a definition as every key has",
        "a mistyped key is refused; kcctl and AKHQ end with an exception at a null", ["validate, unknown key"],
    ),
    Difference(
        "null as the value of a key", "an error, but for some of the connector's own keys", "as if the key were not there",
        "forms send null for what was left empty",
        ["create, null for an unknown key", "delete what has a null", "validate, null for a known key", "validate, null for an unknown key"],
    ),
    Difference(
        "create with `initial_state` PAUSED: tasks", "none before the first resume", "PAUSED",
        "they fix the start offsets at once, so that `latest` means the moment of creation", ["created paused"],
    ),
    Difference(
        "`PATCH …/config` with another `name`", "200, and the other name is stored inside", "400, as for POST and PUT", "a connector cannot be renamed",
        ["patch, another name"],
    ),
    Difference(
        "`GET …/tasks-config`", "404: removed in 4.0", "200", "older clients still ask for it", ["tasks-config"],
    ),
    Difference(
        "`PATCH …/offsets` with a negative offset, or one of a topic or partition that is not there", "500", "400, and says what there is",
        "the request is wrong, not the server", ["alter, negative", "alter, unknown partition"],
    ),
    Difference(
        "`PATCH …/offsets` past the end of the partition", "200; reading then begins where `auto.offset.reset` says", "400",
        "the records produced next would be lost without a word", ["alter, past the end"],
    ),
    Difference(
        "definitions of keys", "`order_in_group`", "`order` beside it", "the field was called `order` up to 4.1, and clients read either",
        ["plugin's keys", "validate", "validate, no name", "validate, bad values", "validate, required keys missing"],
    ),
    Difference(
        "validate without `connector.class`, or with one that is not there", "500", "400", "as POST and PUT say it",
        ["validate, no class", "validate, unknown class"],
    ),
    Difference(
        "names with `+ : ; @ /`: Location", "as they are", "percent-encoded", "so that the link leads to the connector",
        ["name with + : ; @: create", "name with a slash: create"],
    ),
    Difference(
        "names with `; / %`: read and delete", "400 in HTML, or 404: what was created cannot be reached any more", "200 and 204",
        "a name that can be created can be used",
        ["name with + : ; @: read", "name with + : ; @: delete", "name with a slash: read", "name with a slash: delete",
         "name with a percent sign: read", "name with a percent sign: delete"],
    ),
    Difference(
        "names with braces: create", "500, and the connector is made", "201", "the answer says what was done", ["name with braces: create"],
    ),
]
