"""The API described as OpenAPI, from the constants the code uses; ``docs/reference/openapi.json`` is made from this.

Source:
    OpenAPI 3.1.0; its schemas are JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from amends.portal.banner.answer import (
    ANSWER_SECONDS,
    CLAIM_STATES,
    NO_CLASS_FACTS,
    ClassFacts,
    banner_payload,
)
from amends.portal.banner.request import (
    CLOCK_SECONDS,
    KEY_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    signature,
)
from amends.portal.banner.texts import BannerFacts
from amends.portal.shapes import LANGUAGES, Offer

VERSION = "1.0.0"
"""Of the API, not of Amends: its first number is the one in ``/v1``."""

Json = dict[str, Any]  # Any: JSON

# Worked example: keys of zero bytes, never a real one.
_EXAMPLE_KEY = bytes(32)
_EXAMPLE_REF = "3f" * 32
_EXAMPLE_AT = 1787000000
_EXAMPLE_NONCE = "0123456789abcdef0123456789abcdef"
_EXAMPLE_FACTS = BannerFacts(
    "Larkspur Wireless", "help.larkspur.example", "1-800-555-0100", 2, date(2026, 8, 19)
)
_EXAMPLE_CLASS = ClassFacts(
    "adult",
    ("name", "ssn"),
    {"en": ("name", "Social Security number"), "es": ("nombre", "número de Seguro Social")},
    Offer("Shield Plus", 24, date(2027, 2, 28)),
)


def openapi() -> Json:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Amends banner API",
            "version": VERSION,
            "summary": "What a signed-in customer is shown about a data breach: the same as their letter says.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1"}],
        "tags": [{"name": "banner"}, {"name": "keys"}],
        "paths": {
            "/banner/{account_ref}": {"get": _banner()},
            "/keys": {"get": _keys()},
            "/openapi.json": {"get": _self()},
        },
        "components": {
            "schemas": {
                "Answer": _answer(),
                "Offer": _offer(),
                "Texts": _texts(),
                "Error": _error(),
                "Keys": _jwks(),
            },
            "securitySchemes": _schemes(),
        },
    }


_DESCRIPTION = f"""A company asks for its own customers, from its own servers; a browser never asks here.

Each request is signed: `{SIGNATURE_HEADER}` is the hex HMAC-SHA256, under the request key, over
`METHOD\\nPATH\\nTIMESTAMP\\nNONCE`. PATH is the path as sent, with the query if there is one. The timestamp is in Unix
seconds and may be {CLOCK_SECONDS} seconds off. A nonce is taken once. Whatever is wrong with a request, the answer is
the same 401.

The answer is a compact JWS (RFC 7515) signed with EdDSA by a key of `/keys`. All answers of an edition have one length.
Check the signature, `exp`, and that `sub` is the account asked for; on any doubt, and on no answer in 300 ms, show the
neutral banner, which says that there was a breach and where to read about it, and no more.

A look-up or a banner never counts as notice.
"""


def _banner() -> Json:
    example = banner_payload(_EXAMPLE_FACTS, "yes", _EXAMPLE_CLASS, "open")
    times = {"sub": _EXAMPLE_REF, "iat": _EXAMPLE_AT, "exp": _EXAMPLE_AT + ANSWER_SECONDS}
    none = banner_payload(_EXAMPLE_FACTS, "no", NO_CLASS_FACTS, "open")
    unsure = banner_payload(_EXAMPLE_FACTS, "undecided", NO_CLASS_FACTS, "open")
    return {
        "tags": ["banner"],
        "operationId": "banner",
        "summary": "What to show to the holder of one account",
        "security": [
            {"key": [], "timestamp": [], "nonce": [], "signature": []},
        ],
        "parameters": [
            {
                "name": "account_ref",
                "in": "path",
                "required": True,
                "description": "Hex HMAC-SHA256 of the account's number under the account key, which only the "
                "company has.",
                "schema": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
                "example": _EXAMPLE_REF,
            }
        ],
        "responses": {
            "200": {
                "description": "The signed answer.",
                "headers": {"Cache-Control": _header("no-store, no-transform")},
                "content": {
                    "application/jose": {
                        "schema": {
                            "type": "string",
                            "pattern": r"^[\w-]+\.[\w-]+\.[\w-]+$",
                            "contentMediaType": "application/jose",
                            "contentSchema": {"$ref": "#/components/schemas/Answer"},
                        },
                    }
                },
                "x-payload-examples": {
                    name: {**payload, "pad": "", **times}
                    for name, payload in (("yes", example), ("no", none), ("undecided", unsure))
                },
            },
            "401": _fault("Unknown key, bad signature, clock too far off, nonce used before."),
            "404": _fault("Signed as it must be, but not an account reference."),
            "405": _fault("Signed as it must be, but not a GET."),
            "503": _fault("More requests than can be told from repeated ones; ask again."),
        },
    }


def _keys() -> Json:
    return {
        "tags": ["keys"],
        "operationId": "keys",
        "summary": "The public keys that check answers, as JSON Web Key Set (RFC 7517)",
        "security": [],
        "responses": {"200": _json("The keys.", "Keys")},
    }


def _self() -> Json:
    return {
        "tags": ["keys"],
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {
                "description": "OpenAPI.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


def _answer() -> Json:
    text = {"type": "string"}
    return _object(
        {
            "iss": {**text, "description": "The site, or the company where no site is set."},
            "sub": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The account asked for."},
            "iat": {"type": "integer", "description": "Unix second of the answer."},
            "exp": {"type": "integer", "description": "Unix second after which it is worth nothing."},
            "state": {
                "enum": ["yes", "no", "undecided"],
                "description": "yes: with the elements. no: as of this edition. undecided: not yet known.",
            },
            "edition": {"type": "integer", "minimum": 1},
            "as_of": {"type": "string", "format": "date", "description": "Day the edition was released."},
            "elements": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                "description": "Codes of exactly those elements that the person's letter names, in its order.",
            },
            "offers": {"type": "array", "items": {"$ref": "#/components/schemas/Offer"}},
            "texts": _object(
                {language: {"$ref": "#/components/schemas/Texts"} for language in LANGUAGES}
            ),
            "pad": {**text, "description": "Makes all answers of an edition equally long; means nothing."},
        }
    )  # fmt: skip


def _offer() -> Json:
    return _object(
        {
            "product": {"type": "string"},
            "months": {"type": "integer", "minimum": 0},
            "enrol_by_on": {
                "type": "string",
                "format": "date",
                "description": "Last day to claim, UTC.",
            },
            "claim": {
                "enum": list(CLAIM_STATES),
                "description": "open: can be claimed. claimed: the person has. closed: the last day has passed.",
            },
        }
    )


def _texts() -> Json:
    return _object(
        {
            "headline": {"type": "string"},
            "sentence": {"type": "string"},
            "elements": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What the letter calls the elements, in the order of the codes.",
            },
            "offer": {
                "type": "string",
                "description": "What is offered and until when; empty without an offer.",
            },
            "notice": {
                "type": "string",
                "description": "Says that this is no notice and what is sent.",
            },
            "link_text": {"type": "string"},
            "link": {
                "type": "string",
                "description": "Address of the site; empty when none is set.",
            },
        }
    )


def _error() -> Json:
    return _object({"error": {"type": "string"}})


def _jwks() -> Json:
    word = {"type": "string"}
    key = _object(
        {
            "kty": {"const": "OKP"},
            "crv": {"const": "Ed25519"},
            "x": word,
            "kid": word,
            "use": {"const": "sig"},
            "alg": {"const": "EdDSA"},
        }
    )
    return _object({"keys": {"type": "array", "minItems": 1, "items": key}})


def _schemes() -> Json:
    path = f"/v1/banner/{_EXAMPLE_REF}"
    made = signature(
        _EXAMPLE_KEY, b"GET", path.encode(), str(_EXAMPLE_AT).encode(), _EXAMPLE_NONCE.encode()
    )
    words = {
        "key": (KEY_HEADER, "Name of the request key."),
        "timestamp": (TIMESTAMP_HEADER, f"Unix seconds, such as {_EXAMPLE_AT}."),
        "nonce": (NONCE_HEADER, "16 to 64 letters, digits, - or _, never used before."),
        "signature": (
            SIGNATURE_HEADER,
            f"Hex. Under a key of 32 zero bytes, for GET {path} at {_EXAMPLE_AT} with the nonce {_EXAMPLE_NONCE}: "
            f"{made}",
        ),
    }
    return {
        name: {"type": "apiKey", "in": "header", "name": header, "description": meaning}
        for name, (header, meaning) in words.items()
    }


def _object(properties: Mapping[str, Json]) -> Json:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _json(words: str, schema: str) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": words, "content": content}


def _fault(words: str) -> Json:
    made = _json(words, "Error")
    made["headers"] = {"Cache-Control": _header("no-store, no-transform")}
    return made


def _header(value: str) -> Json:
    return {"schema": {"type": "string", "const": value}}
