"""The documents of tools whose command lines, statements and files the rules know, by name: `ids: document`."""

from __future__ import annotations

TOOLS = """
docker-password: Docker CLI reference, docker login
mysql-password: MySQL reference manual, Command options for connecting to the server
sshpass-password: sshpass(1)
redis-password: Redis documentation, redis-cli, -a
psexec-password: Microsoft Learn, Sysinternals, PsExec
mongo-password: MongoDB documentation, mongosh and database tools, --password
sqlcmd-password: Microsoft Learn, sqlcmd utility; isql(1)
ldap-password ldap-new-password: ldapsearch(1), -w; ldappasswd(1), -s
zip-password: zip(1) and unzip(1), -P
seven-zip-password: 7-Zip command line manual, -p; unrar manual
openssl-password openssl-passwd: openssl(1), pass phrase options; openssl-passwd(1)
azure-cli-password: Microsoft Learn, Azure CLI, az login
rdp-password: xfreerdp(1), /p
user-and-password: what programs that log in have in common, -u with -p
account-password-again: ESXCLI reference, system account set
web-terminal-password: ttyd manual, --credential
scanner-password: Nikto documentation, -id
extpass-password: gocryptfs manual, -extpass
wandb-login: Weights & Biases documentation, wandb login
choco-key: Chocolatey documentation, apikey
rancher-token: Rancher CLI documentation, login
bundler-password: Bundler documentation, bundle config, credentials of sources
sql-table-function: ClickHouse documentation, table functions
sql-linked-login: Microsoft Learn, sp_addlinkedsrvlogin
routing-key wlan-key: Cisco IOS command reference, OSPF, EIGRP, NTP and WLAN authentication
ftp-login: RFC 959, USER and PASS; ftp(1)
cloud-init-password: cloud-init documentation, set passwords
account-argument: the help of emqx, ejabberdctl, prosodyctl, doveadm, salt and add-user.sh
guest-password: VMware documentation, vmrun, -gp and -vp
vertica-password: Vertica documentation, vsql, -w
certificate-password: Microsoft Learn, certutil, -p; pk12util(1), -W and -K
pdf-password document-password: pdftotext(1), -upw and -opw; msoffcrypto-tool README, -p
mail-password: swaks(1), -ap
directory-password: dscl(1), -passwd
zookeeper-auth: ZooKeeper documentation, addauth with the scheme digest
b2-key: Backblaze B2 command line tool, account authorize
bitwarden-session: Bitwarden documentation, the command line's --session
snmp-user snmp-user-privacy: snmpd.conf(5), createUser
teradata-logon: Teradata BTEQ reference, LOGON
sheet-password: Microsoft Learn, VBA, Worksheet.Protect
svn-password: Subversion book, client credentials caching
remote-password: rdesktop(1); the help of evil-winrm, netexec, smbmap, hydra and medusa
nuget-password: Microsoft Learn, dotnet nuget add source, -p
ipmi-password: ipmitool(1), -P
mqtt-password: mosquitto_pub(1), -P
cql-password: Apache Cassandra documentation, cqlsh; InfluxDB CLI; Couchbase CLI
snmp-password: snmpcmd(1), -A
htpasswd-password: Apache HTTP Server documentation, htpasswd, -b
smb-password: smbclient(1), -U
net-user-password net-use-password: Microsoft Learn, net user and net use
rabbitmq-password: rabbitmqctl(8), add_user and change_password
ssh-key-password ssh-key-old-password: ssh-keygen(1), -N and -P
user-password: useradd(8) and usermod(8), -p
httpie-password httpie-token: HTTPie documentation, authentication
radius-password radius-secret: radtest(1)
curl-user-joined curl-user-quoted curl-cookie: curl(1), --user and --cookie
cookie-file: curl documentation, HTTP cookies, the Netscape cookie file format
here-string-password here-document-password: bash(1), here strings and documents; kinit(1), cryptsetup(8)
redis-acl-password redis-monitor: Redis documentation, ACL rules; MONITOR
nats-seed: NATS documentation, NKeys and credentials files
google-authenticator: google-authenticator(1), the state file
keychain-item: security(1), dump-keychain -d
bitcoin-key-shown: Bitcoin Core RPC reference, dumpprivkey and importprivkey
bitcoin-key-told: Bitcoin Wiki, Wallet import format
irc-operator: RFC 2812, section 3.1.4, OPER
environment-quoted: systemd.exec(5), Environment; docker run reference, --env
phoenix-salt: Phoenix documentation, Plug.Session and LiveView, signing_salt
newrelic-license: New Relic documentation, license keys
conda-token: conda documentation, channel URLs with a token
oathtool-secret: oathtool(1), --totp and --base32
bitcoin-passphrase: Bitcoin Core RPC reference, walletpassphrase, encryptwallet
php-define: WordPress documentation, wp-config.php
snmp-read-community: snmpcmd(1), -c
odbc-password: Microsoft Learn, SQLDriverConnect, values in braces
ntlm-hash: Impacket, secretsdump, the format of pwdump; Mimikatz, sekurlsa::logonpasswords
acl-secret-id: HashiCorp Nomad and Consul documentation, ACL tokens
minio-alias: MinIO client reference, mc alias set
codecov-token: Codecov documentation, uploader
keychain-password: security(1)
curl-token: the API documentation of Freshdesk, BambooHR and GitHub, basic authentication with a token
calendar-link: Google Calendar help, the secret address in iCal format
hardhat-account: Hardhat documentation, accounts of a network
google-oauth-code: Google Identity documentation, OAuth 2.0, authorization codes
salesforce-session: Salesforce documentation, session IDs
gh-secret: GitHub CLI manual, gh secret set; Azure CLI, az keyvault secret set
aws-parameter: AWS CLI command reference, ssm put-parameter
aws-secret-string: AWS CLI command reference, secretsmanager create-secret
powershell-secure-string: Microsoft Learn, PowerShell, ConvertTo-SecureString
sql-set-password: MySQL reference manual, SET PASSWORD
sql-login: Microsoft Learn, Transact-SQL, sp_addlogin and sp_password
sql-crypt: PostgreSQL documentation, pgcrypto, crypt()
login-call: Python standard library, smtplib, SMTP.login
oauth-code: RFC 6749, section 4.1.2, authorization response
express-session: express-session documentation, connect.sid
ssh2-key: RFC 4716, section 3, and ssh.com private key files
openvpn-static-key: OpenVPN manual, --secret and --tls-auth
openssh-key-body: OpenSSH, PROTOCOL.key
pkcs8-ec-key-body: RFC 5208 and RFC 5915, EC private keys
rsa-key-body: RFC 8017, appendix A.1.2, and RFC 5208
email-spelled: RFC 5322, addr-spec, spelled out
national-number: the laws and registries of the states, as cited in the module `national`
passport-number: ICAO Doc 9303, part 4, document number
driver-license: AAMVA DL/ID card design standard, customer ID number
imap-login: RFC 9051, LOGIN command
sasl-plain: RFC 4616, the PLAIN mechanism; RFC 4954, SMTP AUTH
sasl-login: draft-murchison-sasl-login, the LOGIN mechanism
redis-auth redis-auth-resp: Redis documentation, AUTH; Redis serialization protocol
nickserv-identify: Anope and Atheme documentation, NickServ IDENTIFY
ipsec-secret: strongSwan documentation, ipsec.secrets
network-device-password: Cisco IOS security command reference, username and enable
snmp-community: snmpd.conf(5); Cisco IOS SNMP command reference
haproxy-password haproxy-stats: HAProxy configuration manual, userlists and stats auth
elastic-password elastic-new-value: Elasticsearch reference, elasticsearch-setup-passwords
windows-wifi-key: Microsoft Learn, netsh wlan show profile key=clear
postfix-sasl-password: Postfix SASL_README, client passwords
kickstart-password: Kickstart documentation, rootpw
environment-line: Dockerfile reference, ENV; csh(1), setenv; Apache HTTP Server documentation, SetEnv
terraform-random-password: Terraform Registry, random_password
expect-password: expect(1), send
secret-provided: OpenAI API documentation, error codes
secret-following: Jenkins documentation, unlocking Jenkins
lftp-password: lftp(1), -u
hana-password: SAP HANA documentation, HDBSQL options
hive-password: Apache Hive documentation, Beeline options
nats-token: NATS documentation, token authentication
neo4j-password: Neo4j documentation, Cypher-Shell
cypher-password cypher-old-password: Neo4j documentation, ALTER CURRENT USER
rclone-obscure: rclone documentation, rclone obscure
pulumi-secret: Pulumi documentation, pulumi config set
database-call: PHP manual, PDO and mysqli; Java SE API, DriverManager; Perl DBI; PyMySQL; Python, ftplib
perl-call: Perl DBI, connect; perlop, quote-like operators
third-argument-call: AWS SDKs, session credentials; Microsoft Learn, ClientSecretCredential, UsernamePasswordCredential
redis-auth-call: the clients of Redis, auth: lua-resty-redis, Jedis, node-redis, PhpRedis
pexpect-password: Pexpect documentation, expect and sendline
oracle-call: python-oracledb documentation, connect
credentials-call: Microsoft Learn, NetworkCredential; AWS SDKs; MailKit; Apache HttpClient; OkHttp; Requests; Algolia
oauth1-call: Tweepy and requests-oauthlib documentation
twilio-call: Twilio documentation, SDKs
inngest-signing-key: Inngest documentation, signing keys
secret-key-prefix: Svix and Knock documentation, API keys
schtasks-password: Microsoft Learn, schtasks, /rp
ssh-connect-call: Paramiko documentation, SSHClient.connect
keyring-call: keyring documentation, set_password
jwt-call: PyJWT and jsonwebtoken documentation
hmac-call: Python standard library, hmac; Node.js documentation, crypto.createHmac
fernet-call: cryptography documentation, Fernet
cipher-call: CryptoJS, PyCryptodome and Node.js documentation
credentials-pair: the habit of messages: a user and a password with a slash between
magic-link: the habit of services: a link that logs in whoever opens it
snmp-privacy: snmpcmd(1), -X
nmcli-password: nmcli(1), device wifi connect
fortigate-secret: Fortinet documentation, FortiOS CLI
openweather-key: OpenWeather documentation, appid
recovery-key: Microsoft Learn, BitLocker recovery password; Apple Support, recovery key
card-code card-cid: ISO/IEC 7813, card verification values
keypad-code lock-combination: the habit of people: what opens a lock or stops an alarm
password-reset-link: Django and Devise documentation, password reset
terraform-sensitive: Terraform documentation, terraform output -json
login-function: the habit of programs: login(user, password)
login-told: the habit of messages: log in as a user with a password
word-nearby: the habit of messages: one word of letters, digits and a symbol near a word for a password or a login
kerberos-hash: hashcat wiki, example hashes (Kerberos 5)
bundler-credentials: Bundler documentation, bundle config, credentials for gem sources
truenas-key: TrueNAS API documentation, auth.login_with_api_key
pushbullet-call: pushbullet.py documentation
printed-secret: the manuals of kubectl, gcloud, az, aws, pass, security, bw, op, gh, openssl, pwgen, vault and terraform
phone-link: WhatsApp documentation, click to chat; RFC 5724, the sms URI scheme
"""
