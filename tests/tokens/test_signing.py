"""Signatures as JWS has them, whatever OpenSSL writes."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from dragoman.tokens.keys import Key, Purpose
from dragoman.tokens.signing import signer_of

MOST = 20_000
"""One number in 256 is a byte shorter than the others; the chance of missing them for so long is 10^-34."""


def test_an_es256_signature_has_64_bytes_also_where_a_number_in_it_is_short():
    jose = ECKey.generate_key("P-256", private=True)
    key = Key(kid="k", purpose=Purpose.ACCESS, algorithm="ES256", created_at=0, active_from=0, jose=jose)
    sign, public, short = signer_of(key), jose.public_key, set()
    for number in range(MOST):
        text = b"%d" % number
        signature = sign(text)
        r, s = signature[:32], signature[32:]
        assert (len(r), len(s)) == (32, 32)
        public.verify(encode_dss_signature(int.from_bytes(r), int.from_bytes(s)), text, ECDSA(SHA256()))
        short |= {name for name, one in (("r", r), ("s", s)) if one[0] == 0}
        if short == {"r", "s"}:
            return
    raise AssertionError("no short number in so many signatures")
