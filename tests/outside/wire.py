"""Calls of the server: JSON, compression and tokens (§1, §2)."""

import gzip
import json
import zlib

import requests
import urllib3
import zstandard

# Smaller bodies do not get smaller.
WORTH_COMPRESSING = 1_000
PATIENCE = 60
# Why a HEAD was refused.
UNTOLD = "untold"
# Refusals that say nothing about what was asked: it is tried again later, as after a cut.
LATER = ("too_many_tries", "internal")
# What a connection that breaks, or an answer that ends in the middle, is met as.
BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, EOFError, zlib.error, zstandard.ZstdError)


class Refused(Exception):
    """The server answered with 400 or more."""

    def __init__(self, status, code, problems=None):
        super().__init__(f"{status} {code} {problems or ''}".strip())
        self.status, self.code = status, code


class Cut(Exception):
    """No answer, or not all of it: whether the server did what was asked is unknown. Or it asks to come again later."""


class Wire:
    def __init__(self, store, server):
        self.store, self.server = store, server
        self.http = requests.Session()
        self.http.trust_env = False
        # Bytes of the last body, before and after compression.
        self.weighed = (1, 1)

    def send(self, method, path, headers=None, body=None, signed=True):
        """One request; (status, headers, body) as they came."""
        headers = {"Accept-Encoding": "zstd, gzip"} | (headers or {})
        if signed:
            headers["Authorization"] = "Bearer " + self.store.noted("tokens")["access"]
        try:
            with self.http.request(method, self.server + path, headers=headers, data=body, timeout=PATIENCE, stream=True) as answer:
                raw = answer.raw.read(decode_content=False)
                return answer.status_code, answer.headers, unpacked(raw, answer.headers.get("Content-Encoding"))
        except BROKEN as reason:
            raise Cut(repr(reason)) from reason

    def bytes(self, method, path, headers=None, body=None, signed=True):
        """As send, with what is refused raised; an ended access token is renewed once."""
        status, told, answer = self.send(method, path, headers, body, signed)
        if status == 401 and signed and why(method, answer)[0] in ("signed_out", UNTOLD):
            self.refresh()
            status, told, answer = self.send(method, path, headers, body)
        if status >= 400:
            code, problems = why(method, answer)
            if code in LATER or status >= 500:
                raise Cut(f"{status} {code}: later")
            raise Refused(status, code, problems)
        return status, told, answer

    def call(self, method, path, body=None, signed=True):
        """A call with JSON in and out; None where the answer has no body."""
        headers, packed = {}, None
        if body is not None:
            headers["Content-Type"] = "application/json"
            packed = written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            if len(packed) > WORTH_COMPRESSING:
                packed, headers["Content-Encoding"] = zstandard.ZstdCompressor().compress(packed), "zstd"
        status, _, answer = self.bytes(method, path, headers, packed, signed)
        if body is not None:
            self.weighed = (len(written), len(packed))
        return None if status == 204 else whole(answer)

    def enrol(self, code, name):
        asked = {"code": code, "device_name": name, "app_version": "outside"}
        enrolment = self.call("POST", "/v1/enrol", asked, signed=False)
        if self.store.noted("account") not in (None, enrolment["account"]):
            raise ValueError("What is kept here belongs to another account.")
        with self.store.whole():
            # These keys stand, whatever is told later: they came with a code from the desk.
            for part in ("account", "device", "keys", "role", "cells", "tokens"):
                self.store.note(part, enrolment[part])
        return enrolment

    def refresh(self):
        """The new pair is durable before its first use; until then the old one goes on working, so that a lost answer shuts nobody out."""
        asked = {"refresh": self.store.noted("tokens")["refresh"]}
        self.store.note("tokens", self.call("POST", "/v1/token", asked, signed=False))

    def lists(self):
        """The county's lists, when others are told of than are held."""
        if self.store.noted("lists_told") not in (None, self.store.noted("lists", {}).get("version")):
            self.store.note("lists", self.call("GET", "/v1/lists"))


def unpacked(raw, encoding):
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return gzip.decompress(raw) if encoding == "gzip" else raw


def whole(answer):
    """An answer as JSON; one that ends early was cut, within its headers even, where HTTP alone does not tell."""
    try:
        return json.loads(answer)
    except ValueError as reason:
        raise Cut("half an answer") from reason


def why(method, answer):
    """(code, problems) of a refusal: every one has them, but an answer to HEAD has no body."""
    if method == "HEAD":
        return UNTOLD, None
    told = whole(answer)
    if not isinstance(told, dict) or "code" not in told:
        raise Cut("half an answer")
    return told["code"], told.get("problems")
