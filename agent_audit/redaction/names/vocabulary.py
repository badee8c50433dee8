"""The words that make a key's name sensitive, as data for `keys`.

A key is judged by its last word (`db_password`: password; `password_policy`: policy), so what is not listed
here is harmless.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """A set of words written as one text."""
    return frozenset(text.split())


PASSWORD = words("""
    password passwords passwd passwds passphrase passphrases passcode passcodes pwd pwds pw pass
    passwordd passwordo remotepass localpass
    pword passw sshpass userpass dbpass smtppass smbpass mypass pgpass rootpass adminpass mysqlpwd dbpwd userpwd
    storepass keypass passwort passwörter kennwort kennwörter contraseña contrasena contraseñas contrase
    senha senhas wachtwoord motdepasse mdp lösenord losenord passord adgangskode hasło
    haslo salasana parola parole parol şifre sifre heslo jelszó jelszo lozinka slaptažodis пароль пароли
    κωδικός סיסמה 密码 密碼 口令 パスワード 비밀번호 패스워드 암호 รหัสผ่าน पासवर्ड المرور השער
    passordet lösenordet adgangskoden salasanani heslom jelszavam jelszava parolam şifrem şifreniz הסיסמה
    парола паролата паролу лозинка лозинке лозинку құпиясөз პაროლი գաղտնաբառ
    parool parooli salasõna katasandi contrasenya contrasenyes contrasinal pasahitza kodeord lykilorð geslo zaporka
    katalaluan slaptazodis hasla hasłem parolă parolei şifrə السر عبور گذرواژه סיסמא পাসওয়ার্ড પાસવર્ડ
    கடவுச்சொல் nenosiri 비번 συνθηματικό πρόσβασης zugangswort losungswort
    requirepass masterauth pswd psw psswd passwrd pasword bindpw rootpw userpw adminpw authtok
    şifresi parolası şifremiz şifren passwordnya passwordku passwordmu
    srcstorepass deststorepass srckeypass destkeypass
""")
SECRET = words("""
    secret secrets geheimnis secreto segredo segreto секрет シークレット
    psk presharedkey mnemonic seedphrase keytab unsealkey
""")
TOKEN = words("""
    token jwt bearer pat authtoken accesstoken refreshtoken idtoken apitoken sessiontoken macaroon
    jeton токен токена токену 令牌 トークン 토큰 טוקן
""")
CREDENTIAL = words("credential credentials creds cred logindata userinfo_password")
COOKIE = words("cookie cookies setcookie sessionid sessid phpsessid jsessionid aspsessionid sessioncookie")
AUTHORIZATION = words("authorization authorisation proxyauthorization")
KEY_TOO = words("clave claves chave chaves clé chiave klucz nyckel sleutel ключ anahtar schlüssel schluessel")
"""Passwords and keys of any kind: the value decides."""
API_KEY = words("""
    apikey apikeys appkey secretkey accesskey accountkey authkey masterkey signingkey encryptionkey
    sharedkey storagekey subscriptionkey licensekey licencekey servicekey clientkey sessionkey
    skey wlanschlüssel netzwerkschlüssel netzwerksicherheitsschlüssel apischlüssel zugangsschlüssel toegangssleutel
    密钥 密鑰 金鑰 passkey passkeys accesskeyid secretaccesskey sharedaccesskey
""")
PRIVATE_KEY = words("privatekey privkey sshkey rsakey pgpkey gpgkey deploykey pemkey 秘密鍵 비밀키 私钥 私鑰")
PIN = words("暗証番号 pin pins pincode pinnumber puk pukcode")
OTP = words("""
    otp totp hotp otpcode mfacode tan
    ワンタイムパスワード sicherheitscode zugangscode bestätigungscode verifizierungscode freischaltcode
    recoverycodes backupcodes herstelcodes wiederherstellungscodes sicherungscodes notfallcodes
""")
CVV = words("cryptogramme cvv cvc cvv2 cvc2 csc cvn")
SSN = words("ssn ssns itin sozialversicherungsnummer socialsecuritynumber")
NATIONAL_ID = words("""
    cpf dni nif pesel bsn aadhaar aadhar nino hetu personnummer fødselsnummer fodselsnummer nric steuerid steueridnr
    codicefiscale curp tckn cnp tfn cprnumber cprnummer cuit cuil ppsn egn егн hkid mbi jmbg emso emšo oib amka svnr
    isikukood снилс 身份证号 身份证 주민등록번호 マイナンバー 個人番号
""")
CARD = words("cardnumber ccnumber ccnum creditcard creditcardnumber cardno pan")

HEADS: tuple[tuple[str, frozenset[str]], ...] = (
    ("password", PASSWORD),
    ("secret", SECRET),
    ("token", TOKEN),
    ("credential", CREDENTIAL),
    ("cookie", COOKIE),
    ("authorization", AUTHORIZATION),
    ("api-key", API_KEY),
    ("private-key", PRIVATE_KEY),
    ("pin", PIN),
    ("otp", OTP),
    ("cvv", CVV),
    ("ssn", SSN),
    ("card", CARD - {"pan"}),
    ("national-id", NATIONAL_ID),
)
"""Key rule and the words that, standing last, call for it."""

FUSED: tuple[tuple[str, str], ...] = (
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("passwort", "password"),
    ("secret", "secret"),
    ("token", "token"),
    ("apikey", "api-key"),
    ("secretkey", "api-key"),
    ("accesskey", "api-key"),
    ("privatekey", "private-key"),
    ("credentials", "credential"),
    ("密码", "password"),
    ("密碼", "password"),
    ("口令", "password"),
    ("비밀번호", "password"),
    ("비번", "password"),
    ("パスワード", "password"),
    ("令牌", "token"),
    ("トークン", "token"),
    ("토큰", "token"),
    ("密钥", "api-key"),
    ("密鑰", "api-key"),
    ("金鑰", "api-key"),
    ("秘密鍵", "private-key"),
    ("私钥", "private-key"),
    ("私鑰", "private-key"),
    ("비밀키", "private-key"),
)
"""Endings of a last word written without any separator: `PGPASSWORD`, `clientsecret`."""

_CARDS = words("card cc creditcard debitcard")
_PAPERS = words("passport identity identification taxpayer")

PAIRS: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "number": (("card", _CARDS), ("pin", words("pin")), ("national-id", _PAPERS)),
    "no": (("card", _CARDS), ("national-id", words("passport"))),
    "code": (
        (
            "otp",
            words("""
    recovery backup mfa 2fa otp totp verification auth authorization access one-time time
    sms login confirmation authenticator pairing device factor activation
    """),
        ),
        ("pin", words("pin puk unlock door gate alarm keypad entry")),
        ("token", words("oob")),
        ("cvv", words("security card")),  # a card's, or one that was sent: of either, three digits may be all
    ),
    "codes": (("otp", words("recovery backup mfa 2fa otp verification scratch factor")),),
    "phrase": (("secret", words("seed recovery mnemonic secret pass")),),
    "words": (("secret", words("seed recovery mnemonic")),),
    "word": (("password", words("pass memorable")),),
    "place": (("password", words("memorable")),),
    "wd": (("password", words("pass")),),
    "fiscale": (("national-id", words("codice")),),
    "passe": (("password", words("de palavra")),),
    "khẩu": (("password", words("mật")),),
    "khau": (("password", words("mat")),),
    "laluan": (("password", words("kata")),),
    "acces": (("token", words("jeton cle")),),
    "accès": (("token", words("jeton clé")),),
    "payload": (("secret", words("secret")),),
    "privada": (("private-key", words("clave chave llave")),),
    "privata": (("private-key", words("chiave")),),
    "privée": (("private-key", words("clé clef")),),
    "privee": (("private-key", words("cle clef")),),
    "segreta": (("password", words("chiave parola")),),
    "sandi": (("password", words("kata")),),
    "secreta": (("password", words("clave palabra")),),
    "tok": (("token", words("auth access api bearer refresh session")),),
    "answer": (("secret", words("security secret recovery challenge")),),
    "answers": (("secret", words("security secret recovery challenge")),),
    "verifier": (("otp", words("code oauth")),),
    "community": (("secret", words("snmp")),),
    "string": (("secret", words("community secret")),),
    "binary": (("secret", words("secret")),),
    "license": (("national-id", words("driver drivers driving")),),
    "licence": (("national-id", words("driver drivers driving")),),
    "signature": (("token", words("access")),),
    "response": (("token", words("saml")),),
    "schluessel": (("api-key", words("api wlan wifi wpa wpa2 netzwerk geheimer privater")),),
    "schlüssel": (("api-key", words("api wlan wifi wpa wpa2 netzwerk geheimer privater")),),
    "api": (("api-key", words("clave chave clé cle clef chiave klucz ключ")),),
    "secrète": (("secret", words("phrase clé clef")),),
    "secrete": (("secret", words("phrase cle clef")),),
    "header": (("authorization", words("authorization")),),
    "data": (("private-key", words("key")), ("password", words("password"))),
    "material": (("private-key", words("key")),),
    "pem": (("private-key", words("private key rsa")),),
    "oauth": (("token", words("github gitlab bitbucket")),),
    "security": (("ssn", words("social")),),
    "team": (("api-key", words("honeycomb")),),
    "hec": (("token", words("splunk")),),
    "crumb": (("token", words("jenkins")),),
    "card": (("card", words("credit debit")),),
    "session": (("cookie", words("gitlab flask express laravel rails fastlane")),),
    "auth": (("password", words("redis")),),
    "seed": (("secret", words("wallet hd bip39 totp hotp otp mfa 2fa")),),
    "sid": (("cookie", words("connect session")),),
    "id": (("api-key", words("accesskey")), ("national-id", words("national tax taxpayer"))),
}
"""Last word, and by rule the words before it that make the two of them sensitive."""

OF = words("de di da do del della du d")
"""What joins a noun to what it is for in Romance languages, where the first noun says what it is: `token_de_acceso`."""

NOUNS_FIRST = {
    **dict.fromkeys(
        words("""
    contraseña contrasena senha hasło haslo пароль парола лозинка heslo lozinka salasana şifre sifre jelszó jelszo
    비밀번호 lösenord wachtwoord parola passordet
    """),
        "password",
    ),
    **dict.fromkeys(words("jeton токен"), "token"),
}
"""Words that are no English ones and say what a name is though more follows: `пароль_бд`."""

NAMES: dict[str, str] = {
    "securejsondata": "secret",
    "securesettings": "secret",
    "nthash": "password",
    "lmhash": "password",
    "ntlmhash": "password",
}
"""Names that programs give, their words joined, whose last word tells nothing."""

KEYED_SERVICES = words("""
    abstractapi abuseipdb adafruit aeroworkflow airbrake aiven alegra algolia ambee amplitude anypoint apideck
    apiflash apify apilayer apitemplate appfollow appoptics asana assemblyai autoklose aviationstack axonaut
    ayrshare bannerbear baremetrics beebole besttime bitfinex bitly bitmex bitrise bittrex blazemeter bombbomb
    borgbase brandfetch browserstack browshot bscscan buddyns bugherd bugsnag bulksms buttercms caflou calendarific
    calendly calorieninja calorieninjas campayn captaindata carboninterface caspio censys cerebras chartmogul
    checklyhq circleci clarifai clearbit clicksend clickup clockify clockworksms cloudant cloudflare cloudinary
    cloudmersive cloudsight cloudsmith codacy codeclimate codecov codemagic codequiry cohere coinapi coinbase
    coinlayer coinlib commercejs configcat contentful contentstack convertapi convertkit copyscape countrylayer
    coveralls craftmypdf crowdin cryptocompare currencycloud currencyfreaks currencylayer currencyscoop customerio
    datadog deepai deepgram deepseek demio detectify detectlanguage diffbot digitalocean disqus dnsimple docparser
    documo docusign dronahq dropbox dwolla dynalist dynatrace dyspatch easypost edamam edenai elasticemail
    elevenlabs enablex etherscan etsy eventbrite everhour exchangerateapi exchangeratesapi exoscale extractorapi
    faceplusplus falai fastforex fastly feedier fetchrss fibery finage financialmodelingprep finnhub fixerio
    fleetbase flickr flightapi flightlabs flowflu flutterwave formsite foursquare freeconvert freshbooks freshdesk
    fullcontact geoapify geocodify geocodio geoipifi getgeoapi getresponse giphy glassnode gocanvas graphcms
    graphhopper greptile groovehq gtmetrix guardianapi gumroad gyazo happyscribe hellosign helpscout hereapi hetzner
    holidayapi honeycomb hubspot hunterio hybiscus iconfinder iexcloud imagekit imagga infomaniak infura insightly
    instamojo intrinio ipapi ipgeolocation ipinfo ipqualityscore ipstack jotform jumpcloud kanbantool karmacrm
    keenio kickbox klaviyo kontent kucoin langsmith languagelayer lastfm leadfeeder linkpreview liveagent livestorm
    locationiq loginradius lokalise lunchmoney magicbell mailboxlayer mailchimp mailerlite mailgun mailjet mailmodo
    mailsac mandrill mapquest marketstack maxmind meaningcloud mediastack meistertask meraki messagebird metaapi
    mindmeister mixpanel mockaroo monkeylearn moosend moralis nethunt netlify neutrinoapi newrelic newsapi
    newscatcher nexmo nftport nozbe numverify nutritionix nylas nytimes oanda okta omdb onelogin onesignal oopspam
    opencage opencagedata openuv openweather openweathermap opsgenie optimizely owm packagecloud pagerduty pandadoc
    pandascore paperform parsehub parseur passbase pastebin paymongo paypal pdflayer pdfshift peopledatalabs
    pepipost pingdom pipedream pipedrive pirsch pivotaltracker pixabay planetscale planyo plivo podio poloniex
    polymarket positionstack posthog postmark protocolsio proxycrawl pubnub pushbullet pusher pyowm qualaroo qubole
    quickbooks rapidapi rebrandly recruitee restpack ringcentral rocketreach rollbar runrunit satismeter saucelabs
    scaleway scalr scrapeowl scraperapi scrapestack scrapfly scrapingbee screenshotapi screenshotlayer
    securitytrails selectpdf sendbird sendinblue serpapi serphouse serpstack sheety sherpadesk shippo shodan
    shotstack shutterstock signalwire simfin simplynoted smartsheet smartystreets snipcart snyk softlayer sonarcloud
    sonarqube sourcegraph sparkpost splunk spoonacular sportsmonk spotify sqreen squarespace stabilityai statuscake
    statuspage statuspal stockdata stormglass storyblok strava stripo stytch sumologic supabase surveysparrow
    survicate swiftype tatum taxjar teamgate telnyx testingbot textmagic theoddsapi thinkific thousandeyes
    ticketmaster tiingo timezoneapi tinypng todoist togetherai tomorrowio tomtom transferwise travelpayouts travisci
    trello twelvedata twilio twitch typeform typetalk ubidots unsplash upcdatabase uploadcare upstash uptimerobot
    urlscan userstack vatlayer veriphone versioneye viewneo virustotal visualcrossing voicegain vonage voyageai
    vpnapi vultr wakatime walkscore wandb weatherapi weatherbit weatherstack webflow weightsandbiases wepay whoxy
    wistia worldcoinindex wrike xendit yelp yousign zendesk zenscrape zenserp zerobounce zerotier zipcodeapi
    zipcodebase zoho zuplo
""")
"""Services that are known by one key each, and have names that mean nothing else: under the bare name, too, what looks
random is that key."""

STRONG_KEY_OWNERS = (
    words("""
    api app application secret private access priv encryption decryption encrypt decrypt enc fernet wep
    recovery unlock signing sign deploy deployment account master auth authentication authorization service
    shared storage subscription hmac license licence tacacs radius ssh gpg pgp rsa ecdsa dsa session webhook function
    admin administrator write consumer client server root security aes des crypto cipher kms sas jwt token
    bot wallet vault unseal provisioning registration activation host tls ssl cert certificate rest
    developer dev prod live sandbox integration ingest ingestion merchant openai anthropic claude gemini
    mistral groq replicate huggingface hf google gcp firebase aws amazon azure github gitlab bitbucket
    sendgrid stripe braintree adyen preshared square shopify slack discord sentry grafana heroku netlify
    vercel mapbox airtable notion linear jira intercom salesforce segment posthog pinecone weaviate qdrant
    planetscale tavily serper langchain signature ai llm bigquery apns fcm vapid perplexity figma auth0
    clerk plaid binance kraken alchemy helius quicknode resend ably bugsnag circleci buildkite
""")
    | KEYED_SERVICES
)
"""`<word>_key` that is a secret whatever its value looks like. Others: only if it looks random."""

HARMLESS_KEY_OWNERS = words("""
    primary foreign sort partition public publishable group grouping cache object hot row column
    index unique idempotency idempotence site dedup dedupe deduplication message map dict config
    event feature lookup natural surrogate composite candidate join i18n translation locale order
    range hash compound cluster clustering business record item field property attribute metadata
    param parameter option setting state data node tree parent child short arrow enter escape shift
    ctrl control tab function_name issue project ticket jira_issue s3 blob file answer legend color
    sorting filter query search reference ref trace span tag label sticky any press keyboard major
    minor musical song piano socket
""")

HARMLESS_TOKEN_OWNERS = words("""
    stop eos bos pad unk sep cls mask special start end next page paging pagination continuation
    continue prev previous first last each per max min num total word sub image audio text input
    output prompt completion cached reasoning thinking design begin eot eom separator delimiter
    newline whitespace single current_word lexer parser syntax scan resume sync delta cursor progress cancellation
    idempotency creation lock change sequence forward backward starting cancel fixed
""")

HARMLESS_TOKEN_OWNERS_OF_TWO = frozenset({("client", "request"), ("public", "key"), ("lifecycle", "action")})
"""Words before `token` for which the last alone does not do: a `request_token` of OAuth is a secret."""

FETCHING = words("get list describe batch")
"""First words of operations: their members are mostly parameters, so only what looks like a secret is one."""

ASKING = words("""
    has have is are was can should must may max min num no total avg use uses using used require
    requires required need needs enable enables enabled disable disabled allow allows show hide
    support supports without missing invalid count
""")
"""A first word that makes the key a question, a number or an act: `has_password`, `max_token`."""

TRAILERS = words("""
    value val plain plaintext raw str encrypted enc b64 base64 hashed hash new old current confirm
    confirmation repeat again wif prod production staging dev test live sandbox primary secondary backup
    default root admin base json
    v1 v2 v3 v4 noua nueva nuevo nouvelle neu neue neues nova novo nuova nuovo nieuw nieuwe
""")
"""Last words that do not change what the word before them is: `password_confirmation`, `api_key_prod`."""

HARMLESS_PASS_OWNERS = words(
    "first second third single multi two all final last test boarding ski season day fastcgi uwsgi scgi grpc memcached"
)

DESCRIPTIVE = words("""
    type kind name names user username login email url uri host hostname port database db schema
    scope scopes description title label id issuer provider region realm domain path version created
    created_at updated_at expires expires_at expires_in status enabled required algorithm alg format
    role roles grant_type token_type method methods scheme audience client_id tenant_id key_id kid usage source
    expiration expiry in question resolved integrity engine driver secret_name file files ref arn external environment
    optional documentation summary caption help visibility sameSite samesite lifetime ttl redirect
""")
"""Keys inside a sensitive object that describe the secret rather than hold it."""

PHONE = words("""
    phone phones telephone tel mobile cell cellphone fax phonenumber telefon telefono handy msisdn teléfono telefone
    téléphone móvil celular telefoon rufnummer handynummer телефон 电话 手机 電話 手機 携帯 전화 휴대폰 전화번호 movil
    mobil mobilnummer telefonnummer 手机号 手机号码 电话号码 電話番号
""")
"""Last words of keys under which any run of digits of fitting length is a telephone number."""

_ROOTS = (
    *"""
    pass pwd psw secret token key auth cred cookie sess jwt pin otp cvv cvc ssn sig psk pat senha kennwort sandi
    лозинк parool contrasen geslo jeton segreto токен секрет laluan khau macaroon συνθηματικό πρόσβασης
    密钥 密鑰 金鑰 令牌 トークン 秘密鍵 私钥 私鑰 토큰 비번 비밀키 السر عبور گذرواژه סיסמא
    heslo lozinka salasana adgangskode secreta puk passport contrase mdp code phrase mnemonic pw card security
    salt pepper jelsz access private samlresponse pasword
    clave chave clé chiave klucz nyckel sleutel ключ anahtar schlüssel парол hasło haslo şifre parol κωδικός khẩu
    密码 密碼 口令 パスワード 暗証番号 비밀번호 암호 סיסמה المرور पासवर्ड รหัสผ่าน wachtwoord lösenord
""".split(),  # noqa: SIM905  # easier to read
    "pass word",
    "memorable word",
    "cryptogramme",
    "crumb",
    *sorted(KEYED_SERVICES),
)
_OTHER_WORDS = words("השער")
"""What is a gate, too."""
KEYWORDS: tuple[str, ...] = (
    *_ROOTS,
    *sorted(word for word in (PASSWORD | SECRET) - _OTHER_WORDS if not any(map(word.__contains__, _ROOTS))),
)
"""Lower-case literals with which the search for a name inside text begins; each stands in some sensitive name."""

FIELD_WORDS = words("field fields textbox textfield textarea input box entry text form edit control required")
"""Last words of a field's label or selector that say only that it is one."""

ACCOUNT_WORDS = words("user username name email login account id host url site service server")
"""What stands beside a password in the first row of a table of two columns."""

SAID_OF_OPTIONS = words("""
    option options flag flags argument arguments parameter parameters switch switches command setting settings line
    lines respectively to is are was can may must should will would and or but for with when if in on as by has does
    instead now from of the that which above below specifies takes
""")
"""With these a sentence goes on that names an option: `the new --ask-password option`, `as SetCredential= above`."""
