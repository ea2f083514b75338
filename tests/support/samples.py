"""Samples of what must not leave, put together at run time: none of them stands in the repository whole.

Numbers are published test numbers or made from a seed with a right checksum; keys are made of random letters.
"""

from __future__ import annotations

import string
from random import Random

__all__ = ["Random", "card", "iban", "letters", "luhn", "mail", "personal", "phone", "secrets", "social_security"]

ALNUM = string.ascii_letters + string.digits
URL64 = ALNUM + "-_"


def letters(chance: Random, alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def secrets(chance: Random) -> dict[str, tuple[str, str]]:
    """By detector, `(entity, value)`."""

    def alnum(length: int) -> str:
        return letters(chance, ALNUM, length)

    def url64(length: int) -> str:
        return letters(chance, URL64, length - 1) + chance.choice(ALNUM)

    def hexa(length: int) -> str:
        return letters(chance, "0123456789abcdef", length)

    upper = letters(chance, string.ascii_uppercase + "234567", 16)
    dashes = "-" * 5
    return {
        "private_key": (
            "PRIVATE_KEY",
            f"{dashes}BEGIN RSA {'PRIVATE'} KEY{dashes}\n{alnum(64)}\n{alnum(64)}\n{dashes}END RSA {'PRIVATE'} KEY{dashes}",
        ),
        "aws_access_key_id": ("AWS_KEY", "AK" + "IA" + upper),
        "google_api_key": ("CLOUD_KEY", "AI" + "za" + url64(35)),
        "google_oauth": ("CLOUD_KEY", "GOC" + "SPX-" + url64(28)),
        "digitalocean_token": ("CLOUD_KEY", "dop" + "_v1_" + hexa(64)),
        "github_token": ("VCS_TOKEN", "gh" + "p_" + alnum(36)),
        "github_fine_grained_token": ("VCS_TOKEN", "github" + "_pat_" + alnum(22) + "_" + alnum(59)),
        "gitlab_token": ("VCS_TOKEN", "gl" + "pat-" + alnum(20)),
        "bitbucket_token": ("VCS_TOKEN", "AT" + "BB" + alnum(32)),
        "slack_token": ("SAAS_TOKEN", "xo" + "xb-" + "1" * 12 + "-" + alnum(24)),
        "stripe_key": ("SAAS_TOKEN", "sk" + "_live_" + alnum(24)),
        "sendgrid_key": ("SAAS_TOKEN", "S" + "G." + url64(22) + "." + url64(43)),
        "npm_token": ("SAAS_TOKEN", "np" + "m_" + alnum(36)),
        "pypi_token": ("SAAS_TOKEN", "py" + "pi-AgE" + url64(80)),
        "telegram_token": ("SAAS_TOKEN", "123456789" + ":A" + "A" + url64(33)),
        "vault_token": ("SAAS_TOKEN", "hv" + "s." + url64(30)),
        "anthropic_key": ("MODEL_KEY", "sk-" + "ant-api03-" + url64(93)),
        "openai_key": ("MODEL_KEY", "sk-" + "proj-" + url64(60)),
        "huggingface_token": ("MODEL_KEY", "h" + "f_" + letters(chance, string.ascii_letters, 34)),
        "databricks_token": ("SAAS_TOKEN", "da" + "pi" + hexa(32)),
        "postman_key": ("SAAS_TOKEN", "PM" + "AK-" + hexa(24) + "-" + hexa(34)),
        "pulumi_token": ("SAAS_TOKEN", "pu" + "l-" + hexa(40)),
        "figma_token": ("SAAS_TOKEN", "fi" + "gd_" + url64(43)),
        "airtable_token": ("SAAS_TOKEN", "pa" + "t" + alnum(14) + "." + hexa(64)),
        "supabase_token": ("SAAS_TOKEN", "sb" + "p_" + hexa(40)),
        "tailscale_key": ("SAAS_TOKEN", "ts" + "key-auth-" + alnum(16) + "-" + alnum(32)),
        "sentry_token": ("SAAS_TOKEN", "sntr" + "yu_" + hexa(64)),
        "doppler_token": ("SAAS_TOKEN", "dp" + ".pt." + alnum(43)),
        "azure_client_secret": ("CLOUD_KEY", alnum(3) + "8" + "Q~" + alnum(34)),
        "aws_session_token": ("AWS_KEY", "IQo" + "Jb3Jp" + alnum(200)),
        "gitlab_runner_token": ("VCS_TOKEN", "GR13" + "48941" + url64(20)),
        "nvidia_key": ("MODEL_KEY", "nv" + "api-" + url64(64)),
        "pinecone_key": ("MODEL_KEY", "pc" + "sk_" + alnum(70)),
        "named_secret": ("CREDENTIAL", "password=" + alnum(3) + "7-x" + alnum(9)),
        "json_web_token": ("JWT", "ey" + "J" + url64(30) + ".ey" + "J" + url64(60) + "." + url64(43)),
    }


def luhn(digits: str) -> str:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if index % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def card(chance: Random, mark: str = "") -> str:
    body = "4" + letters(chance, string.digits, 14)
    number = body + luhn(body)
    return mark.join(number[at : at + 4] for at in range(0, 16, 4))


def iban(chance: Random) -> str:
    account = letters(chance, string.digits, 18)
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def social_security(chance: Random) -> str:
    return f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"


def mail(chance: Random) -> str:
    word = letters(chance, string.ascii_lowercase, chance.randint(2, 9))
    return f"{word}.{letters(chance, string.ascii_lowercase, 4)}@{letters(chance, string.ascii_lowercase, 6)}.com"


def phone(chance: Random) -> str:
    number = f"{chance.randint(200, 989)}-555-{chance.randint(100, 199):04d}"
    return chance.choice(
        (f"+1 212-555-{chance.randint(100, 199):04d}", f"({number[:3]}) {number[4:]}", "+49 30 901820", "020 7946 0018")
    )


def personal(chance: Random) -> dict[str, str]:
    return {
        "CREDIT_CARD": card(chance, chance.choice(("", " ", "-"))),
        "IBAN_CODE": iban(chance),
        "US_SSN": social_security(chance),
        "EMAIL_ADDRESS": mail(chance),
        "PHONE_NUMBER": phone(chance),
    }
