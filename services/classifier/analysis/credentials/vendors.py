"""Issuers' token formats, as data: what a token begins with, what follows, and where that is written down.

Rules:
- One row is one issuer's format. The prefix is compared exactly, and is what makes the rule precise; lengths are those
  of the issuer's documentation, the lower bound where it may grow.
- A prefix that is a common word or short has an exact body, so that no name matches.
- Formats without a prefix of their own stand in `shapes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from services.classifier.analysis.credentials.randomness import is_dense, is_scrambled
from services.classifier.analysis.credentials.rule import EDGE, Rule, alternatives

_AL: Final = "[A-Za-z0-9]"
_URL: Final = "[A-Za-z0-9_-]"
_HEX: Final = "[0-9a-f]"
_UP: Final = "[A-Z0-9]"
_LOW: Final = "[a-z0-9]"
_B64: Final = "[A-Za-z0-9+/]"
_DOT: Final = "[A-Za-z0-9_.=-]"
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_END: Final = "(?![A-Za-z0-9])"


class Format(NamedTuple):
    """One row."""

    entity_type: str
    name: str
    source: str
    prefixes: tuple[str, ...]
    body: str
    accept: Callable[[str], bool] = is_scrambled


_SERVICE: Final = "SERVICE_TOKEN"
_MODEL: Final = "MODEL_PROVIDER_KEY"
_KEY: Final = "PRIVATE_KEY"

FORMATS: Final = (
    # Clouds
    Format("AWS_ACCESS_KEY", "aws_access_key_id", "AWS IAM User Guide: IAM identifiers, unique ID prefixes",
           ("AKIA", "ASIA", "ABIA", "ACCA"), f"{_UP}{{16}}{_END}", str.isalnum),
    Format("AWS_SECRET_KEY", "aws_session_token",
           "AWS STS API Reference: GetSessionToken, a base64 text that begins so",
           ("IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"), f"{_B64}{{80,4000}}={{0,2}}"),
    Format("AWS_SECRET_KEY", "aws_bedrock_key", "Amazon Bedrock User Guide: API keys", ("ABSK", "bedrock-api-key-"),
           f"{_B64}{{100,2000}}={{0,2}}"),
    Format("GOOGLE_KEY", "google_api_key", "Google Cloud: Using API keys", ("AIza",), f"{_URL}{{35}}", str.isascii),
    Format("GOOGLE_KEY", "google_oauth", "Google Identity: OAuth 2.0, token sizes and client secrets",
           ("ya29.", "GOCSPX-", "1//0"), "[A-Za-z0-9_.-]{20,2000}"),
    Format("GOOGLE_KEY", "google_hmac_key", "Cloud Storage: HMAC keys", ("GOOG1E", "GOOG"), f"{_UP}{{18,57}}{_END}"),
    Format(_SERVICE, "digitalocean", "DigitalOcean API Reference: tokens", ("dop_v1_", "doo_v1_", "dor_v1_"),
           f"{_HEX}{{64}}"),
    Format(_SERVICE, "alibaba_cloud", "Alibaba Cloud: AccessKey pairs", ("LTAI",), f"{_AL}{{12,20}}{_END}"),
    Format(_SERVICE, "tencent_cloud", "Tencent Cloud: CAM, SecretId", ("AKID",), f"{_AL}{{32,36}}{_END}"),
    Format(_SERVICE, "yandex_cloud", "Yandex Cloud: API keys", ("AQVN",), f"{_URL}{{35,60}}"),
    Format(_SERVICE, "heroku", "Heroku Dev Center: OAuth, token prefixes", ("HRKU-",), f"{_URL}{{36,80}}"),
    Format(_SERVICE, "fly_io", "Fly.io Docs: access tokens", ("fo1_", "fm1r_", "fm1a_", "fm2_"),
           "[A-Za-z0-9_+/=-]{40,2000}"),
    Format(_SERVICE, "hosting_token", "Render, Netlify, Vercel, Railway: API reference, token prefixes",
           ("rnd_", "nfp_", "nfc_", "vcp_", "vck_", "vca_", "vcr_", "vci_"), f"{_AL}{{24,80}}{_END}"),
    Format(_SERVICE, "cloudflare", "Cloudflare Docs: API token formats; Origin CA keys",
           ("cfut_", "cfat_", "cfk_", "v1.0-"), f"(?:{_HEX}{{24}}-{_HEX}{{140,150}}|{_URL}{{37,73}})", is_dense),
    # Forges and continuous integration
    Format("GITHUB_TOKEN", "github_token", "GitHub Docs: About authentication, token formats",
           ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), f"(?:\\d{{1,12}}_eyJ[A-Za-z0-9_.-]{{30,2000}}|{_AL}{{30,255}})"),
    Format("GITHUB_TOKEN", "github_fine_grained", "GitHub Docs: About authentication, token formats", ("github_pat_",),
           "[A-Za-z0-9_]{36,255}"),
    Format("GITLAB_TOKEN", "gitlab_token", "GitLab Docs: Token overview, token prefixes",
           ("glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-", "glffct-",
            "glimt-", "gloas-", "glwt-", "GR1348941"), f"{_DOT}{{20,300}}", str.isascii),
    Format(_SERVICE, "atlassian", "Atlassian Support: API tokens, access tokens",
           ("ATATT3", "ATCTT3", "ATSTT3", "ATBB"), "[A-Za-z0-9_=-]{28,400}"),
    Format(_SERVICE, "ci_token", "CircleCI, Buildkite, Harness: API documentation",
           ("CCIPAT_", "CCIPRJ_", "bkua_", "bkct_"), "[A-Za-z0-9_]{36,120}"),
    Format(_SERVICE, "sonarqube", "SonarQube: Generating tokens", ("squ_", "sqp_", "sqa_"), f"{_HEX}{{40}}{_END}"),
    Format(_SERVICE, "sourcegraph", "Sourcegraph Docs: access tokens", ("sgp_",),
           f"(?:(?:{_HEX}{{16}}|local)_)?{_HEX}{{40}}{_END}"),
    Format(_SERVICE, "octopus_deploy", "Octopus Docs: API keys", ("API-",), f"{_UP}{{25,40}}{_END}"),
    # Package registries
    Format("NPM_TOKEN", "npm_token", "npm Docs: About access tokens", ("npm_",), f"{_AL}{{30,60}}{_END}"),
    Format("PYPI_TOKEN", "pypi_token", "Python Package Index: API tokens (macaroons)", ("pypi-",),
           f"{_URL}{{32,1000}}", is_dense),
    Format(_SERVICE, "rubygems", "RubyGems Guides: API key scopes", ("rubygems_",), f"{_HEX}{{48}}"),
    Format(_SERVICE, "crates", "Cargo Book: publishing, tokens", ("cio",), f"{_AL}{{32}}{_END}"),
    Format(_SERVICE, "nuget", "NuGet Docs: API keys", ("oy2",), f"{_LOW}{{43}}{_END}"),
    Format(_SERVICE, "clojars", "Clojars Wiki: deploy tokens", ("CLOJARS_",), f"{_HEX}{{60}}"),
    Format(_SERVICE, "docker_hub", "Docker Docs: access tokens", ("dckr_pat_", "dckr_oat_"), f"{_URL}{{20,60}}",
           str.isascii),
    Format(_SERVICE, "artifactory", "JFrog Help: API keys, reference tokens", ("AKCp", "cmVmdGtu"),
           f"{_AL}{{56,75}}{_END}"),
    # Chat and mail
    Format("SLACK_TOKEN", "slack_token", "Slack API: token types",
           ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxe-", "xoxe.xoxb-", "xoxe.xoxp-", "xoxc-", "xoxd-",
           "xapp-"),
           "[A-Za-z0-9%+/=-]{10,400}"),
    Format(_SERVICE, "sendgrid", "SendGrid Docs: API keys", ("SG.",), f"{_URL}{{16,32}}\\.{_URL}{{16,64}}"),
    Format(_SERVICE, "mailgun", "Mailgun Docs: API keys", ("key-",), f"{_HEX}{{32}}{_END}"),
    Format(_SERVICE, "twilio", "Twilio Docs: API keys, SID prefix SK", ("SK",), f"{_HEX}{{32}}{_END}"),
    Format(_SERVICE, "brevo", "Brevo Developers: API keys, SMTP keys", ("xkeysib-", "xsmtpsib-"),
           f"{_HEX}{{64}}-{_AL}{{16}}"),
    Format(_SERVICE, "resend", "Resend Docs: API keys", ("re_",), f"{_AL}{{8}}_{_AL}{{20,40}}"),
    # Payment and commerce
    Format("STRIPE_KEY", "stripe_key", "Stripe Docs: API keys", ("sk_live_", "sk_test_", "rk_live_", "rk_test_",
           "sk_org_live_", "sk_org_test_"), f"{_AL}{{16,250}}", str.isascii),
    Format("STRIPE_KEY", "stripe_webhook", "Stripe Docs: webhook signatures", ("whsec_",), f"{_B64}{{24,250}}={{0,2}}"),
    Format(_SERVICE, "shopify", "Shopify Dev: access token prefixes", ("shpat_", "shpss_", "shpca_", "shppa_"),
           "[0-9a-fA-F]{32}"),
    Format(_SERVICE, "square", "Square Developer: access tokens", ("sq0atp-", "sq0csp-", "sq0idp-", "EAAA"),
           f"{_URL}{{22,100}}"),
    Format(_SERVICE, "facebook", "Meta for Developers: access tokens", ("EAAC", "EAAM", "EAAG", "EAAB"),
           f"{_AL}{{80,500}}"),
    Format(_SERVICE, "shipping", "Shippo, EasyPost: API documentation", ("shippo_live_", "shippo_test_", "EZAK",
           "EZTK"),
           f"{_AL}{{40,60}}"),
    Format(_SERVICE, "flutterwave", "Flutterwave Docs: API keys", ("FLWSECK-", "FLWSECK_TEST-"),
           f"{_LOW}{{12,40}}(?:-X)?"),
    Format(_SERVICE, "plaid", "Plaid Docs: access tokens",
           ("access-sandbox-", "access-development-", "access-production-"), _UUID),
    Format(_SERVICE, "duffel", "Duffel API: access tokens", ("duffel_test_", "duffel_live_"), f"{_URL}{{40,60}}"),
    # Model providers
    Format(_MODEL, "openai", "OpenAI Platform: API keys", ("sk-proj-", "sk-svcacct-", "sk-admin-"),
           f"{_URL}{{30,300}}"),
    Format(_MODEL, "anthropic", "Anthropic Docs: API keys", ("sk-ant-",), f"{_URL}{{30,300}}"),
    Format(_MODEL, "openrouter", "OpenRouter Docs: API keys; Langfuse: API keys", ("sk-or-v1-", "sk-lf-"),
           "[0-9a-f-]{36,64}"),
    Format(_MODEL, "model_provider_key", "OpenAI Platform: legacy keys; DeepSeek, Mistral and others alike", ("sk-",),
           f"{_AL}{{20,120}}{_END}"),
    Format(_MODEL, "hugging_face", "Hugging Face Docs: user access tokens", ("hf_", "api_org_"),
           f"{_AL}{{30,60}}{_END}",
           str.isascii),
    Format(_MODEL, "model_host", "Replicate, Groq, xAI, Perplexity, NVIDIA, Together, Fireworks, Cerebras: API keys",
           ("r8_", "gsk_", "xai-", "pplx-", "nvapi-", "tgp_v1_", "fw_", "csk-"), f"{_URL}{{24,120}}", is_dense),
    Format(_MODEL, "model_tooling", "LangSmith, Pinecone, Weights & Biases, Tavily, Jina: API keys",
           ("lsv2_pt_", "lsv2_sk_", "pcsk_", "wandb_v1_", "tvly-", "jina_"), f"{_URL}{{24,150}}", is_dense),
    # Databases and data platforms
    Format(_SERVICE, "databricks", "Databricks Docs: personal access tokens", ("dapi", "dkea", "dose"),
           f"{_HEX}{{32}}(?:-\\d)?{_END}"),
    Format(_SERVICE, "planetscale", "PlanetScale Docs: service tokens, passwords",
           ("pscale_tkn_", "pscale_pw_", "pscale_oauth_"), f"{_DOT}{{32,64}}"),
    Format(_SERVICE, "supabase", "Supabase Docs: API keys", ("sbp_", "sb_secret_"), "[A-Za-z0-9_-]{30,60}"),
    Format(_SERVICE, "mongodb_atlas", "MongoDB Atlas: service account secrets", ("mdb_sa_sk_",), f"{_URL}{{30,60}}"),
    Format(_SERVICE, "data_tooling", "dbt Cloud, Prefect, Airtable, Elastic: API tokens",
           ("dbtc_", "dbtu_", "pnu_", "pnb_", "essu_"), "[A-Za-z0-9_=-]{30,200}", is_dense),
    Format(_SERVICE, "airtable", "Airtable Developers: personal access tokens", ("pat",),
           f"{_AL}{{14}}\\.{_HEX}{{64}}"),
    # Secrets, identity, infrastructure
    Format(_SERVICE, "vault", "Vault Docs: tokens, prefixes", ("hvs.", "hvb.", "hvr."), f"{_URL}{{24,400}}"),
    Format(_SERVICE, "doppler", "Doppler Docs: token formats",
           ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."), "[A-Za-z0-9_.-]{40,80}"),
    Format(_SERVICE, "onepassword", "1Password Developer: service accounts", ("ops_eyJ",),
           f"{_B64}{{100,2000}}={{0,3}}"),
    Format(_SERVICE, "pulumi", "Pulumi Docs: access tokens", ("pul-",), f"{_HEX}{{40}}{_END}"),
    Format(_SERVICE, "tailscale", "Tailscale Docs: keys and secrets",
           ("tskey-auth-", "tskey-api-", "tskey-client-", "tskey-scim-"), f"{_AL}{{8,24}}(?:CNTRL)?-{_AL}{{16,60}}"),
    Format(_SERVICE, "openshift", "OpenShift Docs: OAuth access tokens", ("sha256~",), f"{_URL}{{43}}(?![\\w-])"),
    Format(_SERVICE, "snyk", "Snyk Docs: personal access tokens", ("snyk_uat.", "snyk_sat."), "[A-Za-z0-9_.-]{30,200}"),
    # Watching and product
    Format(_SERVICE, "grafana", "Grafana Docs: service accounts, access policies", ("glsa_", "glc_"),
           "[A-Za-z0-9+/_]{32,400}={0,2}"),
    Format(_SERVICE, "new_relic", "New Relic Docs: API keys", ("NRAK-", "NRII-", "NRIQ-", "NRRA-", "NRAA-"),
           "[A-Za-z0-9_-]{24,50}"),
    Format(_SERVICE, "sentry", "Sentry Docs: auth tokens", ("sntrys_", "sntryu_", "sntrya_", "sntryi_"),
           "[A-Za-z0-9+/=_]{40,400}"),
    Format(_SERVICE, "dynatrace", "Dynatrace Docs: token format", ("dt0c01.", "dt0s01.", "dt0s02.", "dt0s16."),
           "[A-Z0-9]{8,24}\\.[A-Z0-9]{64}"),
    Format(_SERVICE, "honeycomb", "Honeycomb Docs: API keys", ("hcaik_", "hcamk_", "hcxik_"), f"{_LOW}{{32,64}}"),
    Format(_SERVICE, "posthog", "PostHog Docs: personal API keys", ("phx_",), f"{_AL}{{40,60}}"),
    Format(_SERVICE, "launchdarkly", "LaunchDarkly Docs: keys", ("sdk-", "api-"), _UUID + _END),
    Format(_SERVICE, "linear", "Linear Developers: API keys", ("lin_api_", "lin_oauth_", "lin_wh_"), f"{_AL}{{32,64}}"),
    Format(_SERVICE, "notion", "Notion Developers: integration tokens", ("secret_", "ntn_"), f"{_AL}{{43,46}}{_END}"),
    Format(_SERVICE, "figma", "Figma Developers: access tokens", ("figd_", "figo_", "figu_"), f"{_URL}{{30,60}}"),
    Format(_SERVICE, "postman", "Postman Docs: API keys", ("PMAK-",), f"{_HEX}{{24}}-{_HEX}{{34}}"),
    Format(_SERVICE, "hubspot", "HubSpot Developers: private app tokens", ("pat-na1-", "pat-na2-", "pat-eu1-",
           "pat-ap1-"),
           f"(?i:{_UUID})"),
    Format(_SERVICE, "typeform", "Typeform Developers: personal access tokens", ("tfp_",), f"{_DOT}{{40,80}}"),
    Format(_SERVICE, "contentful", "Contentful Docs: personal access tokens", ("CFPAT-",), f"{_URL}{{40,60}}"),
    Format(_SERVICE, "dropbox", "Dropbox Developers: short-lived access tokens", ("sl.", "sl.u."),
           f"{_URL}{{120,1500}}"),
    Format(_SERVICE, "adobe", "Adobe Developer: client secrets", ("p8e-", "p8-"), f"{_URL}{{32}}{_END}"),
    Format(_SERVICE, "mapbox", "Mapbox Docs: access tokens, secret scopes", ("sk.eyJ",),
           f"{_URL}{{20,200}}\\.{_URL}{{20,60}}"),
    Format(_SERVICE, "readme", "ReadMe Docs: API keys; Scalingo, Zuplo: API tokens", ("rdme_", "tk-us-", "zpka_"),
           "[A-Za-z0-9_-]{48,80}"),
    # Whose tokens begin with the issuer's own name or short name, and are long: several issuers a row.
    Format(_SERVICE, "named_service",
           "Apify, Neon, Ramp, OneSignal, Paddle, Polar, Pinterest, Mercury, Devin, Aikido: API documentation",
           ("apify_api_", "napi_", "ramp_sec_", "os_v2_org_", "os_v2_app_", "pdl_live_apikey_", "pdl_sdbx_apikey_",
           "polar_at_",
            "polar_oat_", "polar_pat_", "pina_", "mercury_production_", "apk_user_", "AIK_CI_", "AIK_SECRET_", "mlsn.",
            "retool_", "dvc_server_", "mergify_application_key_", "nyk_", "bkpat_", "ion_", "fio-u-", "dnkey-"),
           f"{_DOT}{{20,200}}", is_dense),
    Format(_SERVICE, "platform_token", "Docker Swarm, Deno Deploy, DataStax, CockroachDB, Exoscale, Bitbucket Data Cen"
                                       "ter, Endor Labs: documentation",
           ("SWMTKN-1-", "SWMKEY-1-", "ddp_", "AstraCS:", "CCDB1_", "BBDC-", "endr+", "AQ.Ab8RN6"),
           "[A-Za-z0-9_+/=.:-]{30,200}", is_dense),
    Format(_SERVICE, "exoscale", "Exoscale: IAM API keys; ClickHouse Cloud: API secrets", ("EXO", "4b1d"),
           f"(?:{_HEX}{{24}}|{_AL}{{38}}){_END}"),
    # Keys in text form
    Format(_KEY, "age_key", "age: the X25519 recipient type", ("AGE-SECRET-KEY-1",),
           "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    Format(_KEY, "bitcoin_extended_key", "BIP 32: serialization format", ("xprv", "yprv", "zprv", "tprv"),
           f"[1-9A-HJ-NP-Za-km-z]{{107}}{_END}"),
)  # fmt: skip


def _rule(row: Format) -> Rule:
    return Rule(
        row.entity_type, row.name, re.compile(f"{EDGE}{alternatives(row.prefixes)}{row.body}"),
        tuple(prefix.lower() for prefix in row.prefixes), score=0.98, accept=row.accept,
        prefixes=tuple(sorted(row.prefixes, key=len, reverse=True)), source=row.source,
    )  # fmt: skip


RULES: Final = tuple(map(_rule, FORMATS))
