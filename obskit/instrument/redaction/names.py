"""What a name says about its value: a secret, a code, perhaps a secret, or something about a secret.

In a compound the last word says what the thing is: `token.count` is a count, `password_strength` a strength,
`smtp_password` a password. So the same words mean more at the end than before it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from obskit.instrument.redaction.languages import FOREIGN, PASSWORDS
from obskit.instrument.redaction.values import is_plain, is_void, looks_random


class Sense(IntEnum):
    """What a name says about its value, in ascending order of what is masked."""

    NOTHING = 0
    """The name is not about secrets."""
    ABOUT = 1
    """It describes a secret (`token.type`): only a value that looks generated is masked."""
    PERHAPS = 2
    """A secret unless the value is plainly no secret: `auth`, `session`, `password_field`."""
    CODE = 3
    """The same, but short numbers are secrets too: `otp`, `cvv`, `ssn`."""
    SECRET = 4
    """Whatever the value is, it is a secret: `password`."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What people choose, or what is a secret in whole.
_SECRETS = PASSWORDS | _words(
    """
    pswd psw pword passw pwrd userpass xprv xpriv password passwd passphrase passcode pwd pw secret
    authorization passkey credential creds cred apikey
    accesskey privatekey secretkey kek privkey pwhash passwordhash passwdhash clientsecret htpasswd psk
    mnemonic dsn pgpass secrets credentials passwords connectionstring connstr connstring seedphrase
    passphrases passwds pwds apisecret appsecret sharedsecret
    """
)
_CODES = _words(
    """
    cvn track1 track2 otp totp hotp mfa pin cvv cvc cvv2 cvc2 csc ssn tan pincode otpcode mfacode
    cardnumber creditcard
    ccnumber smscode tfa
    """
)
# What machines make, which never is a word; and words that mean many things.
_MAYBE = _words(
    """
    tok kubeconfig jwk crumb rememberme token jwt jws jwe cookie csrf xsrf bearer accesstoken
    refreshtoken idtoken jsessionid phpsessid sessid
    samlresponse auth pass session sessionid sig signature salt nonce tokens cookies sid authentication
    authn jwts passcodes apikeys assertion ticket keytab otps signatures hmac pem pfx keystore pat
    sessionkey
    """
)
# Words of _MAYBE that are also parts of everyday names. Alone at the end they are about something else.
_MAYBE_ALONE = _words(
    """
    sid ticket session hmac assertion pat pem pfx keystore
    """
)


def _pairs(sense: Sense, pairs: str) -> dict[tuple[str, ...], Sense]:
    return {tuple(pair.split("+")): sense for pair in pairs.split()}


# The last two words of names that mean more than each of them.
_PAIRS: dict[tuple[str, ...], Sense] = {
    **_pairs(
        Sense.SECRET,
        """
        code+verifier oauth+verifier client+assertion saml+response saml+assertion saml+request
        backup+code backup+codes recovery+code recovery+codes security+answer secret+answer
        seed+phrase pass+phrase recovery+phrase seed+words pass+word pass+code connection+string
        conn+string conn+str connection+uri honeycomb+team art+api storage+sas security+answers
        sas+url pre+shared invite+code device+code auth+code authorization+code scratch+codes
        scratch+code magic+link session+cookie oidc+data mot+passe reset+code pairing+code
        wallet+seed maiden+name mfa+seed totp+seed reset+link webhook+url csrf+cookie
        private+pem snmp+community community+string read+community write+community auth+string jaas+config
        scram+secret palavra+passe kata+sandi kata+laluan mat+khau access+phrase
        signed+url presigned+url
        """,
    ),
    **_pairs(
        Sense.CODE,
        """
        verification+code security+code mfa+code otp+code sms+code confirmation+code card+number
        credit+card card+pan cc+number debit+card account+pin social+number security+number 2+code
        fa+code login+code time+code factor+code bank+account tax+id unlock+code access+code
        national+id login+pin door+code gate+code entry+code phone+pin sim+pin verify+code verif+code auth+pin
        sms+pin token+code challenge+code activation+code
        """,
    ),
    **_pairs(
        Sense.PERHAPS,
        """
        remember+me net+session otp+uri totp+uri otp+auth account+json connect+sid data+key
        github+pat gitlab+pat gh+pat azure+pat devops+pat session+sid
        magic+token sso+ticket login+ticket key+pem secret+id key+id client+cert x+session
        token+hint clave+api clave+acceso clave+privada
        sentry+auth host+session laravel+session session+data id+assertion jwt+assertion
        """,
    ),
}
# What a key is of, if the key is a secret. Not app.key, of any application; nor cache, sort or primary keys.
_KEYS = _words(
    """
    api access private secret signing encryption client account license licence shared master ssh hmac
    service auth session crypt aes rsa pgp gpg pre decryption deploy instrumentation subscription tls ssl
    enc sign preshared psk recovery symmetric cipher kek dek vapid webhook application write rest admin
    functions function rapidapi mashape fastly bot consumer host storage_account stripe openai sendgrid
    twilio datadog newrelic mailgun algolia anthropic gemini aws gcp azure google maps cloudflare github
    gitlab slack appwrite ingest sftp priv ftps vpn ca insert ed25519 ecdsa wireguard wg jwt cookie
    data_encryption fernet django publishable developer dev integration provisioning activation product
    serial bind sas jwk jws jwe bearer token password credential vault unseal root ingestion telemetry
    plaintext honeycomb sentry rollbar bugsnag segment mixpanel amplitude server crypto
    dd pem wifi wpa meraki airtable mapbox okta pagerduty tacacs radius apns heroku artifactory bigquery
    saml laravel netlify vercel digitalocean linode vultr hetzner jenkins circleci travis codecov snyk
    sonar nexus npm pypi docker jira confluence notion zendesk intercom hubspot salesforce shopify paypal
    braintree adyen mollie plaid razorpay klarna discord telegram whatsapp facebook instagram twitter
    linkedin spotify dropbox youtube vimeo pubnub pusher onesignal firebase fcm elastic kibana grafana
    influx splunk loggly dynatrace honeybadger airbrake snowflake databricks cohere mistral huggingface
    deepl groq elevenlabs deepgram openrouter tomtom ipinfo virustotal shodan etherscan infura binance
    coinbase kraken recaptcha hcaptcha turnstile mailchimp postmark sparkpost vonage nexmo messagebird
    contentful sanity supabase planetscale neon turso clerk
    """
)
# Words after which `pass`, `pw` and `pwd` mean a password, and that are written together with one: `bindpw`.
_OF_PASSWORDS = _words(
    """
    db smtp user ftp sql root admin proxy mail bind ldap my mysql pg http redis rabbit mq imap login sudo
    become ssh key store trust keystore database postgres mongo sa system service svc basic basicauth
    email amqp wifi new old current usr account client cert ca vnc rdp es kafka master bot host server web
    api app src dst remote git registry docker
    """
)
_BEFORE_TOKEN = _words(
    """
    auth access bot refresh id csrf xsrf middleware bearer session api app user client device push reset
    invite login sso github gitlab slack vault service admin deploy personal private security verify
    verification webhook x oauth jwt request account magic npm sas secret page root consul nomad
    """
)
_COMPOUND = re.compile(
    r"(?P<of>[a-z]+?)(?P<what>passw(?:or)?d(?:hash|salt|digest)?|passwort|passphrase|pass|pwd|pw"
    r"|secrets?|secretkey|accesskey|apikey"
    r"|privatekey|tokens?|keys?|creds?|credentials?|cookies?)"
)
HARMLESS_ENDS = _words(
    """
    count counts length len size type types name names limit limits expires expiry expiration expired exp
    age ms seconds method methods valid status version scheme provider error errors used total algorithm
    alg kind issuer present strength policy rate sent consent timeout ttl enabled disabled required
    rotated attempts attempt retries failures failed at on in date time duration score reset changed
    updated created state result reason source format scope scopes audience domain path secure samesite
    httponly role roles level mode url uri endpoint host port service server middleware backend handler
    module failure success ok verified checked matched missing found hint label prefix usage budget bucket
    quota cost costs price per latency rejected accepted kid fingerprint thumbprint curve bits min max
    index position offset number user username email id ids tests requests percent ratio manager store
    rotation validation validity refresh cache flow grant event action step header_name field fields
    message code country brand network last4 description policies rule rules complexity class check checks
    prompt banner settings page form screen template link flag supported configured group realm region
    lifetime generation vendor client request response bytes chars owner purpose
    """
)
"""Last words of names that describe a secret but do not contain it: `token.count`, `auth_method`."""
# After a secret's name they say which one, or how it is written: `password_confirmation`, `token.raw`.
_WHICH = _words(
    """
    prod production dev test staging old new current previous prev next confirm confirmation repeat again
    value values raw plain plaintext text hash hashed encrypted enc b64 base64 base string str header
    headers input main primary secondary default backup db admin root key keys hex digest data contents
    content body param params env var arg file_content verifier original real verify live a b x y z
    database smtp aws api s jwt bearer pem
    """
)
_HOLDERS = frozenset({"passwords", "secrets", "credentials", "creds"})
# Keys of query strings, forms and cookies that are secrets there; as names of fields they mean anything.
_IN_QUERIES = _words(
    """
    code state key k sid sig se hash hmac hdnts ticket assertion nonce sv otp pw magic access auth session
    p t s sess uid credential invite policy jti verifier challenge
    """
)
_QUERIES = _words(
    """
    query params param querystring qs args form cookies cookie parameters get
    """
)
_PUBLIC_KEYS = _words(
    """
    idempotency cache surrogate partition routing sort primary foreign dedup public websocket object
    record message event row index lookup shard group hash deduplication feature flag translation map
    composite unique host range ordering
    """
)
_ACCOUNTS = frozenset({"azure", "account", "blob", "wasb", "abfs"})
_APP_KEY = re.compile(r"(?<![A-Za-z])app[_-]?[kK]ey|App[_-]?Key|APP[_-]?KEY")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-zß-öø-ÿ]+|[A-Z]+|\d+|[^\W_]+")
_DIGITS = re.compile(r"\d[\d -]{1,22}\d")
_KEY_HEADER = re.compile(r"(?:.*[.])?x-[a-z0-9-]{1,40}-key", re.IGNORECASE)


def words_of(name: str) -> list[str]:
    """Split a name into lower-case words: `http.header.x-api-key`, `apiKey`, `API_KEY`, `apitoken`."""
    words: list[str] = []
    for part in _PARTS.findall(name):
        word = part.lower()
        found = _COMPOUND.fullmatch(word) if len(word) > 4 and word not in _SECRETS else None
        if found and _joined(found["of"], found["what"]):
            words += [found["of"], found["what"]]
        else:
            words.append(word)
    return words


def own_words(name: str) -> set[str]:
    """Return the words of a name; those that are written as one in whole too: `api`, `token`, `apitoken`."""
    return {part.lower() for part in _PARTS.findall(name)} | set(words_of(name))


def _joined(of: str, what: str) -> bool:
    if what.startswith("key"):
        return of in _KEYS
    if what in ("pass", "pwd", "pw"):
        return of in _OF_PASSWORDS
    if what.startswith("token"):
        return of in _BEFORE_TOKEN or of.startswith(("csrf", "xsrf", "auth", "access", "requestverif"))
    return len(of) > 1 and not (what.startswith("cred") and of in ("sa", "sac"))


@lru_cache(maxsize=8192)
def sense_of(name: str) -> Sense:
    """Return what a name says about its value.

    Args:
        name: of a field, a key, a header or an option.

    Returns:
        How much of the value is masked.

    Example:
        sense_of("smtp_password"), sense_of("token.count")  # Sense.SECRET, Sense.ABOUT
    """
    words = words_of(name)
    if not words:
        return Sense.NOTHING
    if not name.isascii() and FOREIGN.search(name):
        return Sense.ABOUT if words[-1] in HARMLESS_ENDS else Sense.SECRET
    if _APP_KEY.search(name) and words[-1] in ("key", "keys", "appkey", "appkeys"):
        return Sense.SECRET
    found = sense_of_words(words)
    if found == Sense.NOTHING and len(words) > 1:
        if words[-1] in _IN_QUERIES and not _QUERIES.isdisjoint(words[:-1]):
            return Sense.PERHAPS
        if words[-1] == "session" and "x-" in name:
            return Sense.PERHAPS
        if _KEY_HEADER.fullmatch(name) and words[-2] not in _PUBLIC_KEYS:
            return Sense.PERHAPS
    return found


def sense_of_words(words: list[str]) -> Sense:
    """Return what the words of a name say about its value."""
    end = len(words)
    which = False
    while end:
        sense = _ending(words[:end])
        if sense != Sense.NOTHING:
            if which and sense == Sense.PERHAPS and words[end - 1] in _MAYBE_ALONE:
                return Sense.NOTHING
            return sense
        if not (words[end - 1].isdigit() or words[end - 1] in _WHICH) or end == 1:
            break
        end -= 1
        which = True
    inner = max((_ending(words[:at]) for at in range(1, len(words))), default=Sense.NOTHING)
    if inner == Sense.NOTHING or (inner == Sense.PERHAPS and words[-1] in HARMLESS_ENDS):
        return inner if inner == Sense.NOTHING else Sense.ABOUT
    if words[-1] in HARMLESS_ENDS:
        return Sense.ABOUT
    if not _HOLDERS.isdisjoint(words[:-1]):
        return Sense.SECRET  # {"passwords": {"ann": ...}}
    return Sense.PERHAPS


def _ending(words: list[str]) -> Sense:
    """Return what the end of a name says, without the words that only say which one it is."""
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    pair = _PAIRS.get((before, last))
    if pair is not None:
        return pair
    if last in _SECRETS:
        return Sense.SECRET
    if last in _CODES or (last in ("code", "codes") and before in _CODES):
        return Sense.CODE
    if last in ("pass", "pw", "pwd") and before in _OF_PASSWORDS:
        return Sense.SECRET
    if last in ("key", "keys") and (
        before in _KEYS or (before == "storage" and _ACCOUNTS.intersection(words))
    ):
        return Sense.SECRET
    if last in _MAYBE:
        if last == "session" and before not in ("x", "laravel", "host", "user"):
            return Sense.NOTHING
        if last in _MAYBE_ALONE and last != "session" and len(words) > 1:
            return Sense.NOTHING
        return Sense.PERHAPS
    return Sense.NOTHING


def is_secret(sense: Sense, value: str) -> bool:
    """Return whether a text is a secret, given what its name says.

    Args:
        sense: of the name.
        value: the whole value.

    Returns:
        True if it has to be masked.
    """
    if sense == Sense.NOTHING or is_void(value):
        return False
    if sense == Sense.SECRET:
        return True
    if sense == Sense.ABOUT:
        return looks_random(value) and not is_plain(value)
    if sense == Sense.CODE and _DIGITS.fullmatch(value):
        return True
    return not is_plain(value)
