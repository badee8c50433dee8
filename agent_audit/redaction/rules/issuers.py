"""The documents of issuers that the rules follow, by name: `ids: document`. Where a document does not spell the
format out, it is the one in which keys are handed out or passed."""

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
