"""National numbers of people that Presidio does not know everywhere: each shape with its checksum.

A bare row of digits counts only behind a word that names it, for one in ten or a hundred passes by chance. Shapes with
marks in their own places, or with a date or letters inside, count alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.fr import nir
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as il_idnr
from stdnum.jp import in_
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.nz import ird
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.za import idnr as za_idnr

from aisecops.controls.dlp.checked import CheckedDetector

ALONE, WEAK = 0.85, 0.2

type _Row = tuple[str, str, Callable[[str], bool], float, tuple[str, ...]]

_ROWS: tuple[_Row, ...] = (
    ("AR_CUIT", r"[0-9]{2}-[0-9]{8}-[0-9]", cuit.is_valid, ALONE, ()),
    ("AR_CUIT", r"[0-9]{11}", cuit.is_valid, WEAK, ("cuit", "cuil")),
    ("AT_SVNR", r"[0-9]{4} ?[0-9]{6}", vnr.is_valid, WEAK, ("sozialversicherung", "svnr", " vnr ")),
    ("BE_NATIONAL_NUMBER", r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", nn.is_valid, ALONE, ()),
    ("BE_NATIONAL_NUMBER", r"[0-9]{11}", nn.is_valid, WEAK, ("rijksregister", "national", " insz ", " niss ")),
    ("BG_EGN", r"[0-9]{10}", egn.is_valid, WEAK, (" egn ", "егн", "единен граждански")),
    ("BR_CPF", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", cpf.is_valid, ALONE, ()),
    ("BR_CPF", r"[0-9]{11}", cpf.is_valid, WEAK, (" cpf ", "cadastro")),
    ("CA_SIN", r"[1-79][0-9]{2}([- ])[0-9]{3}\1[0-9]{3}", sin.is_valid, 0.6, ()),
    ("CA_SIN", r"[1-79][0-9]{8}", sin.is_valid, WEAK, (" sin ", "social insurance", "assurance sociale", " nas ")),
    ("CH_AHV", r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", ssn.is_valid, ALONE, ()),
    ("CH_AHV", r"756[0-9]{10}", ssn.is_valid, 0.5, ()),
    ("CL_RUT", r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9kK]", rut.is_valid, ALONE, ()),
    ("CL_RUT", r"[0-9]{7,8}-?[0-9kK]", rut.is_valid, WEAK, (" rut ", " run ", "cédula", "cedula")),
    ("CN_ID_NUMBER", r"[1-9][0-9]{16}[0-9Xx]", ric.is_valid, 0.6, ()),
    ("CZ_SK_BIRTH_NUMBER", r"[0-9]{6}/[0-9]{3,4}", rc.is_valid, 0.6, ()),
    ("CZ_SK_BIRTH_NUMBER", r"[0-9]{9,10}", rc.is_valid, WEAK, ("rodné", "rodne", "birth number")),
    ("DE_TAX_ID", r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", idnr.is_valid, WEAK, ("steuer", "tax", " idnr ")),
    ("DK_CPR", r"[0-3][0-9][01][0-9]{3}-?[0-9]{4}", cpr.is_valid, WEAK, (" cpr ", "personnummer", "civil reg")),
    ("EE_LT_PERSONAL_CODE", r"[1-8][0-9]{10}", ik.is_valid, WEAK, ("isikukood", "asmens kodas", "personal code")),
    ("FR_NIR", r"[12378] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", nir.is_valid, 0.6, ()),
    ("GR_AMKA", r"[0-9]{11}", amka.is_valid, WEAK, ("amka", "αμκα")),
    ("HR_OIB", r"[0-9]{11}", oib.is_valid, WEAK, (" oib ",)),
    ("IE_PPS", r"[0-9]{7}[A-W][A-IWTX]?", pps.is_valid, 0.5, ()),
    ("IL_ID_NUMBER", r"[0-9]{8,9}", il_idnr.is_valid, WEAK, ("israeli", "teudat", "תעודת זהות", "identity number")),
    ("JP_MY_NUMBER", r"[0-9]{4} ?[0-9]{4} ?[0-9]{4}", in_.is_valid, WEAK, ("my number", "マイナンバー", "個人番号")),
    ("MX_CURP", r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[A-Z0-9][0-9]", curp.is_valid, ALONE, ()),
    ("NL_BSN", r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}", bsn.is_valid, WEAK, (" bsn ", "burgerservice", "sofinummer")),
    ("NO_BIRTH_NUMBER", r"[0-7][0-9][0-9]{4} ?[0-9]{5}", fodselsnummer.is_valid, 0.4, ()),
    ("NZ_IRD", r"[0-9]{2,3}-?[0-9]{3}-?[0-9]{3}", ird.is_valid, WEAK, (" ird ", "inland revenue")),
    ("PT_NIF", r"[1-35689][0-9]{2} ?[0-9]{3} ?[0-9]{3}", nif.is_valid, WEAK, (" nif ", "contribuinte", "fiscal")),
    ("RO_CNP", r"[1-9][0-9]{12}", cnp.is_valid, WEAK, (" cnp ", "cod numeric personal")),
    ("SE_PERSONNUMMER", r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", personnummer.is_valid, 0.6, ()),
    ("SE_PERSONNUMMER", r"(?:19|20)?[0-9]{10}", personnummer.is_valid, WEAK, ("personnummer", "swedish personal")),
    ("TR_NATIONAL_ID", r"[1-9][0-9]{10}", tckimlik.is_valid, WEAK, ("kimlik", "tckn", " tc ", "t.c.", "turkish")),
    ("ZA_ID_NUMBER", r"[0-9]{13}", za_idnr.is_valid, WEAK, ("id number", "south african", "identity number")),
)  # fmt: skip
"""Entity, shape, check, confidence alone, words that lift it."""

DETECTORS = tuple(
    CheckedDetector(
        id=f"national.{entity.lower()}",
        entity=entity,
        pattern=re.compile(rf"(?<![\w.-])(?:{shape})(?![\w-]|\.[0-9])"),
        valid=valid,
        confidence=confidence,
        context=context,
    )
    for entity, shape, valid, confidence, context in _ROWS
)
