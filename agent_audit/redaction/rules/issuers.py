"""The documents of issuers and of tools that the rules follow, by name: `ids: document`. Where a document does not
spell the format out, it is the one in which keys are handed out or passed."""

from __future__ import annotations

ISSUERS = """
aws-access-key: AWS IAM User Guide, IAM identifiers, unique ID prefixes
aws-bedrock-key aws-bedrock-key-short: Amazon Bedrock User Guide, API keys
amazon-mws-token: Amazon MWS Developer Guide, MWSAuthToken
google-api-key: Google Cloud documentation, API keys overview
google-oauth-secret: Google Identity documentation, OAuth 2.0 client credentials
google-access-token google-refresh-token: Google Identity documentation, Using OAuth 2.0 to access Google APIs
google-chat-webhook: Google Chat documentation, Build an app as a webhook
azure-client-secret: Microsoft Learn, Microsoft Entra ID, application credentials
azure-key azure-storage-key azure-function-key azure-search-key azure-cache-key azure-cosmos-key azure-registry-key:\
 Microsoft Security Utilities, identifiable secrets (common annotated security keys)
azure-event-hub-key azure-service-bus-key: Microsoft Security Utilities, identifiable secrets
azure-devops-token: Microsoft Learn, Azure DevOps, changes to the format of personal access tokens
teams-webhook teams-channel-webhook: Microsoft Learn, Microsoft Teams, Create incoming webhooks
outlook-webhook: Microsoft Learn, Office 365 Connectors
power-automate-webhook: Microsoft Learn, Power Automate, HTTP request triggers
alibaba-access-key: Alibaba Cloud RAM documentation, AccessKey pairs
tencent-secret-id: Tencent Cloud CAM documentation, access keys
yandex-key: Yandex Cloud documentation, Yandex IAM, API keys and IAM tokens
digitalocean-token: DigitalOcean API reference, authentication, token prefixes
heroku-key: Heroku Dev Center, Platform API, authentication tokens
cloudflare-origin-key: Cloudflare documentation, Origin CA keys
cloudflare-token: Cloudflare documentation, API tokens, token formats
flyio-token: Fly.io documentation, access tokens (macaroons)
vercel-token: Vercel documentation, access tokens; Vercel Blob, read-write token
netlify-token: Netlify documentation, personal access tokens
render-key: Render documentation, API keys
supabase-key: Supabase documentation, Understanding API keys
planetscale-token: PlanetScale documentation, service tokens and database passwords
databricks-token: Databricks documentation, personal access token authentication
confluent-key: Confluent Cloud documentation, API keys, secret format
terraform-token: HashiCorp Terraform Cloud documentation, API tokens
vault-token: HashiCorp Vault documentation, Tokens, token prefixes
doppler-token: Doppler documentation, auth token formats
pulumi-token: Pulumi documentation, access tokens
tailscale-key: Tailscale documentation, key prefixes
dynatrace-token: Dynatrace documentation, access tokens, token format
newrelic-key: New Relic documentation, API keys
grafana-token: Grafana documentation, service account tokens and access policies
sentry-token: Sentry documentation, auth tokens; RFC 0091 of getsentry/rfcs, token format
honeycomb-key: Honeycomb documentation, API keys, key formats
infracost-key: Infracost documentation, API key
scalingo-token: Scalingo documentation, API tokens
openshift-token: Red Hat OpenShift documentation, OAuth access tokens (sha256~)
prefect-key: Prefect documentation, manage API keys
octopus-key: Octopus Deploy documentation, How to create an API key
harness-key: Harness documentation, manage API keys
mongodb-atlas-secret: MongoDB Atlas documentation, service accounts
maxmind-key: MaxMind developer documentation, license key format
github-token: GitHub Docs, About authentication to GitHub, token formats; GitHub Blog, Behind GitHub's new\
 authentication token formats (prefix, and CRC-32 in base 62 as the last six)
github-fine-grained-token: GitHub Docs, About authentication to GitHub, GitHub's token formats
gitlab-token gitlab-runner-token: GitLab documentation, token overview, token prefixes
bitbucket-token atlassian-token: Atlassian Support, API tokens and access tokens
npm-token: GitHub Blog, Announcing npm's new access token format (prefix, and CRC-32 in base 62 as the last six)
pypi-token: PyPI help, API tokens; Macaroons
rubygems-key: RubyGems Guides, API key scopes
crates-token: The Cargo Book, registry authentication; crates.io API tokens
nuget-key: Microsoft Learn, NuGet, scoped API keys
clojars-token: Clojars wiki, deploy tokens
docker-token: Docker documentation, personal and organization access tokens
jfrog-key: JFrog documentation, API keys and reference tokens
sonarqube-token: SonarQube documentation, managing your tokens
sourcegraph-token sourcegraph-cody-token: Sourcegraph documentation, access tokens, token formats
postman-key: Postman Learning Center, Postman API authentication
launchdarkly-key: LaunchDarkly documentation, API access tokens and SDK keys
circleci-token: CircleCI documentation, managing API tokens
buildkite-token: Buildkite documentation, token security, token prefixes
airtable-token: Airtable Web API documentation, personal access tokens
notion-token: Notion API documentation, authorization; changes to token format
linear-key: Linear developers documentation, API keys
figma-token: Figma developers documentation, access tokens
asana-token: Asana developers documentation, personal access token
typeform-token: Typeform developers documentation, personal access token
readme-key: ReadMe documentation, API authentication
frameio-token: Frame.io developers documentation, tokens
contentful-token: Contentful documentation, Content Management API, personal access tokens
prismic-token: Prismic documentation, access tokens
hubspot-token: HubSpot developers documentation, private apps
posthog-key: PostHog documentation, API, personal and project keys
adafruit-key: Adafruit IO documentation, IO key
intra42-secret: 42 API documentation, getting started
settlemint-token: SettleMint documentation, application access tokens
defined-token: Defined Networking documentation, API keys
stackhawk-key: StackHawk documentation, API authentication
ubidots-key: Ubidots documentation, API tokens
lob-key: Lob API documentation, API keys
snyk-token: Snyk documentation, API tokens and service accounts
apify-token: Apify documentation, API integration, API token
zapier-hook: Zapier help, Webhooks by Zapier
easypost-key: EasyPost documentation, authentication
duffel-token: Duffel documentation, access tokens
shippo-token: Shippo documentation, authentication
beamer-token: Beamer API documentation, authentication
mailchimp-key: Mailchimp developers documentation, Marketing API, API keys with data center
anthropic-key: Anthropic documentation, API overview, authentication
openrouter-key: OpenRouter documentation, authentication
openai-key: OpenAI API reference, authentication
langfuse-key: Langfuse documentation, API keys
langsmith-key langchain-hub-key: LangSmith documentation, Create an account and API key
huggingface-token: Hugging Face Hub documentation, user access tokens
groq-key: Groq documentation, API keys
xai-key: xAI documentation, API keys
perplexity-key: Perplexity documentation, API keys
replicate-token: Replicate documentation, API tokens
nvidia-key: NVIDIA NIM and NGC documentation, API keys
fireworks-key: Fireworks AI documentation, API keys
pinecone-key: Pinecone documentation, manage API keys
tavily-key: Tavily documentation, authentication
firecrawl-key: Firecrawl documentation, API reference, authentication
e2b-key: E2B documentation, API key
wandb-key: Weights & Biases documentation, API keys
elevenlabs-key: ElevenLabs documentation, API authentication
jina-key: Jina AI documentation, API key
runpod-key: RunPod documentation, manage API keys
n8n-key: n8n documentation, API authentication
cartesia-key: Cartesia documentation, API keys
voyage-key: Voyage AI documentation, API key
cerebras-key: Cerebras Inference documentation, quickstart
together-key: Together AI documentation, API keys
anyscale-key: Anyscale documentation, credentials
friendli-token: Friendli documentation, personal access tokens
modal-token: Modal documentation, modal token
browserbase-key: Browserbase documentation, API keys
llama-cloud-key: LlamaCloud documentation, Get an API key
logfire-token: Pydantic Logfire documentation, write tokens
smithery-key: Smithery documentation, API keys
composio-key: Composio documentation, API keys
slack-token slack-app-token slack-config-token: Slack API documentation, token types
slack-webhook: Slack API documentation, Sending messages using incoming webhooks
discord-webhook: Discord developer documentation, webhook resource
dnsimple-token: DNSimple developer documentation, API access tokens
letta-key: Letta documentation, API keys
pagerduty-oauth-token: PagerDuty developer documentation, scoped OAuth
discord-token: Discord developer documentation, reference, authentication
telegram-token telegram-bot-url: Telegram Bot API, Authorizing your bot; Making requests
lark-webhook: Lark developer documentation, custom bot
twilio-key: Twilio documentation, API keys and SIDs
sendgrid-key: Twilio SendGrid documentation, API keys
sendinblue-key: Brevo developers documentation, authentication
mailgun-key: Mailgun documentation, API key roles
mandrill-key: Mailchimp Transactional API documentation, authentication
resend-key: Resend documentation, API keys
telnyx-key: Telnyx developers documentation, API v2 keys
stripe-key: Stripe documentation, API keys
stripe-webhook-secret: Stripe documentation, webhook signatures
square-token: Square developer documentation, access tokens and application credentials
braintree-token: Braintree documentation, access tokens
shopify-token: Shopify developer documentation, access tokens; changelog of token prefixes
plaid-token: Plaid documentation, API, tokens
flutterwave-key: Flutterwave documentation, API keys
razorpay-key: Razorpay documentation, API keys
facebook-token facebook-app-token instagram-token: Meta for Developers, access tokens
twitter-bearer: X developer platform documentation, app-only bearer token
mapbox-secret: Mapbox documentation, access tokens
neon-key: Neon documentation, manage API keys
aiven-password aiven-token: Aiven documentation, authentication tokens and service passwords
cockroach-key: CockroachDB Cloud documentation, API access, API keys
elastic-cloud-key: Elastic Cloud documentation, API keys
dbt-token: dbt Cloud documentation, personal and service account tokens
axiom-token: Axiom documentation, API tokens and personal access tokens
influx-token: InfluxDB 3 documentation, manage admin tokens
convex-key: Convex documentation, deploy keys
appwrite-key: Appwrite documentation, API keys
tinybird-token: Tinybird documentation, static tokens
okta-token: Okta developer documentation, API tokens (SSWS)
ory-token: Ory documentation, token formats; personal access tokens
stytch-secret: Stytch documentation, API secrets
unkey-key: Unkey documentation, root keys
onepassword-token: 1Password developer documentation, service accounts
onepassword-secret-key: 1Password Support, About your Secret Key
teleport-token: Teleport documentation, join tokens
scaleway-access-key: Scaleway documentation, IAM API keys
exoscale-key: Exoscale documentation, IAM API keys
akamai-token: Akamai TechDocs, EdgeGrid API client credentials
ngrok-key: ngrok documentation, API keys and credentials
zerotier-token: ZeroTier documentation, API tokens
packagist-token: Private Packagist documentation, authentication tokens
socket-token: Socket documentation, API tokens
deepsource-token: DeepSource documentation, personal access tokens
semgrep-token: Semgrep documentation, tokens
trunk-token: Trunk documentation, organization API token
flagsmith-key: Flagsmith documentation, server-side environment keys
statsig-key: Statsig documentation, server secret keys
configcat-key: ConfigCat documentation, SDK keys
rollbar-token: Rollbar documentation, access tokens
pagerduty-token: PagerDuty developer documentation, API access keys
woocommerce-key: WooCommerce REST API documentation, authentication
mollie-key: Mollie documentation, API keys
gocardless-token: GoCardless documentation, access tokens
paddle-key: Paddle developer documentation, API keys, key format
xendit-key: Xendit documentation, API keys
midtrans-key: Midtrans documentation, access keys
mercadopago-token: Mercado Pago developers documentation, credentials
pagarme-key: Pagar.me documentation, access keys
adyen-key: Adyen documentation, API credentials
paypal-token: PayPal developer documentation, REST API, access tokens
coinbase-key: Coinbase Developer Platform documentation, CDP API keys
mailersend-token: MailerSend developers documentation, API tokens
courier-key: Courier documentation, API keys
klaviyo-key: Klaviyo developers documentation, private API keys
clickup-token: ClickUp API documentation, personal token
zoho-token: Zoho API documentation, OAuth tokens
trello-token: Atlassian Developer, Trello REST API, authorization
dropbox-token: Dropbox developers documentation, OAuth Guide
pinterest-token: Pinterest developers documentation, access tokens
linkedin-secret: Microsoft Learn, LinkedIn API, client secrets
mattermost-webhook: Mattermost documentation, incoming webhooks
make-webhook: Make help, webhooks
ifttt-webhook: IFTTT help, Webhooks service
home-assistant-webhook: Home Assistant Cloud documentation, webhooks
teamwork-token: Teamwork.com developers documentation, authentication
storyblok-token: Storyblok documentation, access tokens
segment-token: Twilio Segment documentation, Public API tokens
intercom-token: Intercom developers documentation, access tokens
infura-key: MetaMask developer documentation, Infura API keys
alchemy-key: Alchemy documentation, API keys
quicknode-token: QuickNode documentation, endpoint authentication token
ankr-token: Ankr documentation, RPC endpoints with token
runway-key: Runway API documentation, API keys
retell-key: Retell AI documentation, API keys
mem0-key: Mem0 documentation, API keys
chroma-key: Chroma Cloud documentation, API keys
daytona-key: Daytona documentation, API keys
steel-key: Steel documentation, API keys
hyperbrowser-key: Hyperbrowser documentation, API keys
openpipe-key: OpenPipe documentation, API keys
lambda-key: Lambda Cloud API documentation, API keys
arize-key: Arize AX documentation, API keys
brave-search-key: Brave Search API documentation, authentication
gemini-key: Gemini API documentation, API keys
devin-key: Devin documentation, API keys
deepl-key: DeepL API documentation, authentication, keys of the free plan
brex-token: Brex developers documentation, user tokens
ramp-secret: Ramp developer documentation, API tokens
conekta-key: Conekta documentation, API keys
tableau-token: Tableau documentation, personal access tokens
omise-key: Omise documentation, secret keys
cashfree-secret: Cashfree Payments documentation, API keys
yookassa-key: YooKassa API reference, secret keys
mercury-token: Mercury API documentation, API tokens
polar-token: Polar documentation, organization access tokens
persona-key: Persona documentation, API keys
onfido-token: Onfido API reference, API tokens
xata-key: Xata documentation, API keys
fauna-key: Fauna documentation, keys
astra-token: DataStax Astra DB documentation, application tokens
clickhouse-key: ClickHouse Cloud documentation, API keys
tigris-secret: Tigris documentation, access keys
backblaze-key: Backblaze B2 documentation, application keys
imagekit-key: ImageKit documentation, API keys
cloudsmith-key: Cloudsmith documentation, API keys
upcloud-token: UpCloud API documentation, API tokens
deno-token: Deno Deploy documentation, access tokens
infisical-token: Infisical documentation, service tokens
zuplo-key: Zuplo documentation, API key format
svix-key: Svix documentation, authentication
nightfall-key: Nightfall AI documentation, API keys
honeybadger-token: Honeybadger documentation, API reference
netbird-token: NetBird documentation, personal access tokens
pubnub-key: PubNub documentation, secret keys
growthbook-key: GrowthBook documentation, REST API, authentication
unleash-token: Unleash documentation, API tokens and client keys
transifex-token: Transifex developers documentation, authentication
rootly-key: Rootly API documentation, API keys
permit-key: Permit.io documentation, API keys
checkly-key: Checkly documentation, API keys
wakatime-key: WakaTime API documentation, authentication
thunderstore-token: Thunderstore documentation, service accounts
val-town-token: Val Town documentation, API tokens
devcycle-key: DevCycle documentation, SDK keys
docker-swarm-token: Docker documentation, swarm join tokens; docker swarm unlock-key
bitbucket-server-token: Bitbucket Data Center documentation, HTTP access tokens
aikido-token: Aikido Security documentation, CI API keys
mergify-key: Mergify documentation, application keys
workato-token: Workato documentation, developer API clients
postman-collection-token: Postman documentation, collection access keys
nylas-key: Nylas documentation, API keys
samsara-token: Samsara developer documentation, API tokens
canva-secret: Canva Connect documentation, authentication
adobe-secret: Adobe Developer documentation, OAuth Server-to-Server credentials
ionic-token: Ionic Appflow documentation, personal access tokens
lichess-token: Lichess API reference, personal API access tokens
amazon-lwa-secret amazon-lwa-token: Login with Amazon documentation, security profiles, tokens
ebay-token: eBay developers documentation, OAuth access tokens
microsoft-refresh-token entra-refresh-token: Microsoft Learn, Microsoft identity platform, refresh tokens
tiktok-token: TikTok for Developers documentation, access tokens
twitch-token: Twitch developers documentation, chat and IRC, OAuth tokens
fcm-server-key: Firebase documentation, Cloud Messaging, legacy server keys
discord-mfa-token: Discord developer documentation, authentication
vk-token: VK API documentation, access tokens
yandex-oauth-token: Yandex ID documentation, OAuth tokens
linkedin-token: Microsoft Learn, LinkedIn API, access tokens
jumpcloud-key: JumpCloud API documentation, authentication
dashlane-key: Dashlane documentation, API and CLI keys
alibaba-sts-key: Alibaba Cloud STS documentation, temporary access keys
browser-use-key: Browser Use documentation, API keys
builder-key: Builder.io documentation, private keys
coderabbit-key: CodeRabbit documentation, API keys
cursor-key: Cursor documentation, API keys
mastra-key: Mastra documentation, API keys
minimax-key: MiniMax platform documentation, API keys
mintlify-key: Mintlify documentation, API keys
scale-key: Scale AI API reference, authentication
salad-key: SaladCloud documentation, API keys
voyage-atlas-key: MongoDB Atlas documentation, Voyage AI model API keys
devin-user-key: Devin documentation, API keys
deepseek-key: DeepSeek API documentation, API keys
checkout-key: Checkout.com documentation, API keys
crossmint-key: Crossmint documentation, API keys
heartland-key: Heartland (Global Payments) documentation, API keys
seam-key: Seam documentation, API keys
wepay-token: WePay documentation, access tokens
arcjet-key: Arcjet documentation, site keys
block-protocol-key: Block Protocol documentation, API keys
branch-key: Branch documentation, keys of an app
databento-key: Databento documentation, API keys
dryrun-key: DryRun Security documentation, API keys
dependency-track-key: OWASP Dependency-Track documentation, API keys
dub-key: Dub documentation, API keys
appsweep-key: Guardsquare AppSweep documentation, API keys
hex-token: Hex documentation, API tokens
hop-token: Hop documentation, project tokens
iterative-token: DVC Studio documentation, access tokens
mappedin-secret: Mappedin documentation, API keys
open-vsx-token: Open VSX documentation, access tokens
pangea-token: Pangea documentation, service tokens
portainer-token: Portainer documentation, access tokens
riot-key: Riot Games developer portal, API keys
grafana-legacy-key: Grafana documentation, HTTP API, API keys
miro-token: Miro developer documentation, access tokens
endor-key: Endor Labs documentation, API keys
asaas-key: Asaas documentation, authentication
braintree-client-key: Braintree documentation, tokenization keys
authress-key: Authress documentation, service client access keys
google-hmac-id: Google Cloud Storage documentation, HMAC keys
shortcut-token: Shortcut API documentation, authentication
tolgee-token: Tolgee documentation, API keys and personal access tokens
trend-micro-key: Trend Vision One documentation, API keys
warpstream-key: WarpStream documentation, API keys
thingsboard-token: ThingsBoard documentation, device access tokens
proof-key: Proof API documentation, API keys
pinterest-refresh-token: Pinterest developers documentation, access tokens
"""

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
ssh-key-password: ssh-keygen(1), -N and -P
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
ntlm-hash: Impacket, secretsdump, the format of pwdump
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
kerberos-hash: hashcat wiki, example hashes (Kerberos 5)
bundler-credentials: Bundler documentation, bundle config, credentials for gem sources
truenas-key: TrueNAS API documentation, auth.login_with_api_key
pushbullet-call: pushbullet.py documentation
printed-secret: the manuals of kubectl, gcloud, az, aws, pass, security, bw, op, gh, openssl, pwgen, vault and terraform
phone-link: WhatsApp documentation, click to chat; RFC 5724, the sms URI scheme
"""
