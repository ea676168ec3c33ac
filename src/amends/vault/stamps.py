"""Time stamps of an outside authority: proof that something existed at a time, by somebody else's clock.

Source:
    RFC 3161 (time-stamp protocol); RFC 5816 (SHA-2 in it).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from amends.kernel.errors import EvidenceError, UsageError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

_GRANTED = (0, 1)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)


@dataclass(frozen=True)
class Stamp:
    """What a stamp says.

    Attributes:
        at: Time the authority put into it, ISO UTC.
        serial: Its number at the authority.
        authority: Name of the authority, as its certificate or the stamp has it; "" when neither says.
        trusted: Whether its signature was traced to a root certificate given.
    """

    at: str
    serial: str
    authority: str
    trusted: bool


def stamp_request(message: bytes) -> bytes:
    """Return the request (DER) for a stamp over a message; only the message's SHA-256 leaves the house."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - few runs meet a stamp

    builder = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256)
    return bytes(builder.cert_request(cert_request=True).build().as_bytes())


def read_stamp(response: bytes, message: bytes, roots: bytes = b"") -> Stamp:
    """Check a stamp against the message it is about, and, with root certificates, who made it.

    Args:
        response: The authority's answer (DER).
        message: What was to be stamped.
        roots: Root certificates in PEM; without any the signature is not traced.

    Raises:
        UsageError: The roots are no certificates.
        EvidenceError: It is no stamp, was refused, is about something else, or is not of those authorities.
    """
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - few runs meet a stamp

    try:
        read = decode_timestamp_response(response)
        if read.status not in _GRANTED:
            raise _bad("the authority refused it")
        said = read.tst_info
        if bytes(said.message_imprint.message) != hashlib.sha256(message).digest():
            raise _bad("it is about something else")
        at = said.gen_time.replace(tzinfo=said.gen_time.tzinfo or UTC).astimezone(UTC)
        authority = _authority(read)
    except ValueError as error:
        raise _bad("it cannot be read") from error
    trusted = bool(roots) and _is_trusted(read, message, roots)
    return Stamp(
        at.isoformat().replace("+00:00", "Z"), f"{said.serial_number:x}", authority, trusted
    )


def _is_trusted(read: TimeStampResponse, message: bytes, roots: bytes) -> bool:
    from cryptography import x509  # noqa: PLC0415 - few runs meet a stamp
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415 - few runs meet a stamp

    builder = VerifierBuilder()
    found = _PEM.findall(roots)
    try:
        for certificate in found:
            builder = builder.add_root_certificate(x509.load_pem_x509_certificate(certificate))
        verifier = builder.build()
    except ValueError as error:
        raise UsageError(
            "The root certificates of the stamp's authority cannot be read",
            remedy="name a PEM file as the authority publishes it",
        ) from error
    try:
        return bool(verifier.verify_message(read, message))
    except (VerificationError, ValueError) as error:
        raise _bad("its signature is not of an authority with these root certificates") from error


def _authority(read: TimeStampResponse) -> str:
    from cryptography import x509  # noqa: PLC0415 - few runs meet a stamp

    for raw in read.signed_data.certificates:
        try:
            subject = x509.load_der_x509_certificate(bytes(raw)).subject
        except ValueError:
            continue
        names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if names:
            return str(names[0].value)
    return ""


def _bad(why: str) -> EvidenceError:
    return EvidenceError(
        f"The time stamp does not hold: {why}",
        remedy="ask the authority for a new one with: amends custody stamp",
    )
