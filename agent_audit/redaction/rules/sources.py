"""Where the format of each built-in rule is documented: by whom, in which document."""

from __future__ import annotations

from agent_audit.redaction.rules.issuers import ISSUERS, TOOLS

_STANDARDS = """
private-key: RFC 7468 and RFC 4716, PEM and OpenSSH textual encodings; RFC 9580, OpenPGP
putty-key: PuTTY manual, appendix C: PPK file format
jwt: RFC 7515, JSON Web Signature; RFC 7519, JSON Web Token
bearer: RFC 6750, Bearer Token Usage
basic-auth: RFC 7617, The Basic HTTP Authentication Scheme
digest-response: RFC 7616, HTTP Digest Access Authentication
url-credentials: RFC 3986, section 3.2.1, user information
url-token: RFC 3986, section 3.2.1, user information
prefixed-token: GitHub documentation, secret scanning: how issuers are asked to prefix their tokens
email-encoded: RFC 3986, percent-encoding; RFC 5322, addr-spec
jwk-private: RFC 7518, section 6, parameters of private keys
jwk-octets: RFC 7518, section 6.4, symmetric keys
encoded: RFC 4648, base 64 and base 16 encoding
email: RFC 5322, addr-spec
card: ISO/IEC 7812-1, issuer ranges and check digit
iban: ISO 13616, registry of lengths, check digits of ISO 7064
ssn: US Social Security Administration, number ranges
phone: ITU-T E.164, and national numbering plans
password-hash: crypt(5), bcrypt
password-hash-crypt: crypt(5), SHA-crypt and MD5-crypt; PHC string format for Argon2
age-secret-key: age specification, X25519 identities (BIP 173)
solana-keypair: Solana CLI reference, file system wallets
otp-migration: Google Authenticator, export of accounts (otpauth-migration, MigrationPayload)
bitcoin-extended-key: BIP 32, extended keys
bitcoin-private-key: Bitcoin developer reference, wallet import format
go-dsn: go-sql-driver/mysql README, DSN
curl-user: curl(1), --user
requests-auth: Requests documentation, authentication
named-token: a name of this project's vocabulary and its value joined by a dash
kubernetes-secret: Kubernetes documentation, Secret v1
kubernetes-secret-sorted: Kubernetes documentation, Secret v1
kubernetes-secret-json: Kubernetes documentation, Secret v1
kubernetes-secret-json-sorted: Kubernetes documentation, Secret v1
kubectl-secret: kubectl reference, create secret generic
netrc-password: netrc(5)
pgpass-password: PostgreSQL documentation, the password file
sql-identified-by: MySQL reference manual, CREATE USER
sql-password: MySQL reference manual, SET PASSWORD
redis-config-password: Redis documentation, security
piped-password: the manuals of sudo and of the login commands, passwords on standard input
oracle-password: Oracle SQL*Plus reference, logon
oracle-password-jdbc: Oracle JDBC developer's guide, URLs
gcp-key-file: Google Cloud documentation, service account keys
aws-signature: AWS documentation, Signature Version 4 query parameters
aws-security-token: AWS documentation, Signature Version 4 query parameters
azure-sas: Microsoft Learn, shared access signatures
npmrc-token: npm documentation, .npmrc
seed-phrase: BIP 39, mnemonic code
wifi-password: Wi-Fi Alliance, WPA3 specification, URI format
putty-key-lines: PuTTY manual, appendix C: PPK file format
gitlab-session: GitLab documentation, session cookies
"""

_NAMED = {
    name: document.strip()
    for line in (_STANDARDS + ISSUERS + TOOLS).strip().splitlines()
    for names, _, document in (line.partition(":"),)
    for name in names.split()
}


def source_of(rule_id: str) -> str:
    """The document that a built-in rule follows.

    Raises:
        KeyError: no built-in rule has this id.
    """
    return _NAMED[rule_id]
