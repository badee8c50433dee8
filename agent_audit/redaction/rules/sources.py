"""Where the format of each built-in rule is documented: by whom, in which document."""

from __future__ import annotations

from agent_audit.redaction.rules.issuers import ISSUERS
from agent_audit.redaction.rules.tools import TOOLS

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
kubernetes-secret-json: Kubernetes documentation, Secret v1
kubernetes-secret-json-sorted: Kubernetes documentation, Secret v1
kubectl-secret: kubectl reference, create secret generic
netrc-password: netrc(5)
pgpass-password: PostgreSQL documentation, the password file
sql-identified-by: MySQL reference manual, CREATE USER
sql-replaced-password: Oracle SQL language reference, ALTER USER
sql-cipher: PostgreSQL documentation, pgcrypto; MySQL reference manual, encryption; Microsoft Learn, ENCRYPTBYPASSPHRASE
sql-setting: a statement that sets what is called like a password
elastic-password: Elasticsearch documentation, what a node prints when it first starts
galera-password: MySQL Galera cluster documentation, wsrep_sst_auth
shown-value: the Python tutorial, IPython, irb and php, interactive mode
password-setter: documentation of the mysql crate for Rust, OptsBuilder
key-pair-argument: Elasticsearch Python client, API keys as an id and a key
curl-certificate: curl(1), --cert
influx-token: influx CLI reference, --token
databricks-secret: Databricks CLI reference, secrets put-secret
substituted-file: bash(1), process substitution
azure-key-row: Azure CLI reference, az storage account keys list
email-password-call: Firebase documentation, password authentication
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
chat-hook: Mattermost and Rocket.Chat documentation, incoming webhooks
home-assistant-hook: Home Assistant documentation, webhook triggers
pagerduty-integration: PagerDuty documentation, Events API v1
loggly-token: Loggly documentation, customer tokens
healthchecks-ping: Healthchecks.io documentation, pinging API
cronitor-ping: Cronitor documentation, telemetry API
betterstack-heartbeat: Better Stack documentation, heartbeats
dropbox-link: Dropbox documentation, shared links
docker-hub-trigger: Docker Hub documentation, build triggers
render-deploy-hook: Render documentation, deploy hooks
vercel-deploy-hook: Vercel documentation, deploy hooks
netlify-build-hook: Netlify documentation, build hooks
bark-key: Bark documentation, device keys
serverchan-key: ServerChan documentation, send keys
stream-key: YouTube, Twitch and Facebook live documentation, stream keys
cas-ticket: CAS protocol 3.0, ticket formats
confirmation-link: OWASP, single-use links that confirm an address
proxy-link: Trojan, Hysteria and TUIC documentation, share links
query-login: InfluxDB documentation, authentication in the query string
cargo-login: the Cargo book, cargo login
http-basic-password: Poetry and Composer documentation, repository credentials
package-token: Poetry and Composer documentation, repository credentials
platform-login: OpenShift and Cloud Foundry command line references, login
vault-login: Vault documentation, login and operator commands
registry-login: Helm, crane and ORAS documentation, login
upload-password: Twine, NcFTP and Conjur documentation, options
perforce-password: Perforce command reference, global options
sendemail-password: sendEmail, options
tool-token: NuGet, doctl, flyctl and cloudflared documentation, tokens given as arguments
vault-string: Ansible, Bitwarden and Drush documentation, passwords given as arguments
store-put: Consul and etcd documentation, storing a value under a key
password-command: restic, Borg and msmtp documentation, commands that print a password
cvs-password: CVS manual, the password authenticating server
sonar-token: SonarQube documentation, analysis parameters
db2-password: Db2 documentation, CONNECT
impacket-password: Impacket, target of the examples
piped-secret: base64(1), a secret of Kubernetes given on standard input
openvpn-login: OpenVPN manual, inline files
plain-scheme: Dovecot documentation, password schemes
chap-secret: pppd(8), the secrets file
bound-parameter: PostgreSQL documentation, logged bind parameters
refused-value: Pydantic documentation, validation errors
escaped-field: HTML Living Standard, character references
aws-key-pair: s3fs-fuse README, password file
aws-signature-header: AWS documentation, Signature Version 4, the Authorization header
account-password: the help of rabbitmqadmin, register_new_matrix_user, testsaslauthd, Supabase, altool and Airflow
kerberos-password: kadmin(1), -w
steghide-password ccrypt-password: steghide(1), -p; ccrypt(1), -K
signing-password: Microsoft Learn, SignTool, /p
mosquitto-password: mosquitto_passwd(1), -b
mysql-shell-password: MySQL Shell documentation, connecting by a URI-like string
qpdf-password: qpdf manual, encryption options
rasdial-password winlogon-password: Microsoft Learn, rasdial; automatic logon
paseto: PASETO specification, tokens of versions 1 to 4
paserk: PASERK specification, serialized keys of PASETO
jwe: RFC 7516, JSON Web Encryption, compact serialization
security-answer: what services ask to know a customer by
connection-of-three: ADO reference, Connection.Open
new-user-call: Django documentation, UserManager
hashing-call: documentation of bcrypt, Argon2, Laravel, PHP and Werkzeug, hashing a password
plain-secret-call: AWS CDK reference, SecretValue
connection-call: PHP manual, Go and Ruby documentation, connecting by FTP, LDAP, IMAP, SSH and SMTP
encoded-credentials: RFC 7617, the Basic scheme, before it is encoded
redis-client-call: redis-py documentation, Redis
opening-call: Python, pypdf and cryptography documentation, opening encrypted files and keys
account-call: web3.py and eth-account documentation, key files
sudo-input: sudo(8), -S
java-password: Java SE documentation, PasswordAuthentication and KeyStore
cpp-string: ISO C++, list-initialization of a string
"""

_NAMED = {
    name: document.strip()
    for line in (_STANDARDS + ISSUERS + TOOLS).strip().splitlines()
    for names, _, document in (line.partition(":"),)
    for name in names.split()
}


OTHERWISE = {
    "error": "the redactor or your callback failed on it",
    "path": "your setting for this path",
    "size": "more places where a secret may begin than are looked at",
    "unstable": "masking it brings forth more, again and again",
}
"""Why something was masked that no rule has found, by what its hit has in the place of a rule's id."""


def source_of(rule_id: str) -> str:
    """The document that a built-in rule follows.

    Raises:
        KeyError: no built-in rule has this id.
    """
    return _NAMED[rule_id]
