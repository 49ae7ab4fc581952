"""SBML text that is sound, flat and within what is solved here, or a sentence that says why not. It knows files, not formulas."""

from __future__ import annotations

from typing import Any

import libsbml

from tamarisk.errors import ModelError

_OLDEST = (2, 3)  # what Version 4 adds to Version 3 has a default that changes nothing
_UNDERSTOOD = {"l3v2extendedmath"}  # a package of Level 3 Version 1 whose operators are read like those of the core


def sound_document(text: str, *, where: str = "model") -> Any:
    """SBML text as libsbml's document, flat, valid, and made of things that are solved here.

    Args:
        text: SBML, Level 2 Version 3 to Level 3 Version 2; hierarchical models (`comp`) are flattened.
        where: the file it came from, for errors.

    Returns:
        A document; it must be kept for as long as its model is used.

    Raises:
        ModelError: the text is no valid SBML, or uses a package or a construct that is not solved here.

    >>> sound_document("<sbml/>", where="empty.xml")
    Traceback (most recent call last):
    tamarisk.errors.ModelError: empty.xml: ...
    """
    document = libsbml.readSBMLFromString(text)
    _refuse_faults(document, where)
    level, version = document.getLevel(), document.getVersion()
    if (level, version) < _OLDEST:
        raise ModelError(f"SBML Level {level} Version {version} is not read here", where=where, hint="save it as Level 3")
    _refuse_packages(document, where)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    _refuse_faults(document, where)
    _flatten(document, where)
    _refuse_fast(document.getModel(), where)
    return document


def _refuse_faults(document: Any, where: str) -> None:
    faults = [document.getError(number) for number in range(document.getNumErrors())]
    for fault in faults:
        if fault.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            words = " ".join(fault.getMessage().split()).rstrip(".")
            raise ModelError(f"line {fault.getLine()}: {words}", where=where)
    if document.getModel() is None:
        raise ModelError("the text holds no model", where=where)


def _refuse_packages(document: Any, where: str) -> None:
    """Nothing if all that is required to understand the model is the core, or can be flattened into it."""
    for position in range(document.getNumPlugins()):
        plugin = document.getPlugin(position)
        name, prefix = plugin.getPackageName(), plugin.getPrefix()
        if name == "comp":
            if prefix != name:
                what = f"the package 'comp' is called '{prefix}' in the file, on which libsbml breaks off"
                raise ModelError(what, where=where, hint="write it with the prefix 'comp'")
            if document.getPlugin("comp").getNumExternalModelDefinitions():
                hint = "flatten it first"
                raise ModelError("the model is put together from other files (comp)", where=where, hint=hint)
        elif name == "fbc" or (document.getPackageRequired(name) and name not in _UNDERSTOOD and not _drawn(name)):
            raise ModelError(f"the model needs the package '{name}', which is not solved here", where=where)


def _drawn(package: str) -> bool:
    """Whether a package is about pictures only, whatever the file says of it."""
    return package in {"layout", "render"}


def _flatten(document: Any, where: str) -> None:
    parts = document.getPlugin("comp")
    if parts is None:
        return
    for one in (document.getModel(), *parts.getListOfModelDefinitions()):
        _hand_down_factor(one)
    wanted = libsbml.ConversionProperties()
    wanted.addOption("flatten comp", True)
    if document.convert(wanted) != libsbml.LIBSBML_OPERATION_SUCCESS:
        raise ModelError("the submodels (comp) cannot be flattened", where=where)


def _hand_down_factor(source: Any) -> None:
    """Each species gets the conversion factor of its model, which libsbml takes from that of the whole when it flattens."""
    for one in source.getListOfSpecies():
        if not one.isSetConversionFactor() and source.isSetConversionFactor():
            one.setConversionFactor(source.getConversionFactor())
    source.unsetConversionFactor()


def _refuse_fast(source: Any, where: str) -> None:
    for one in source.getListOfReactions():
        if one.isSetFast() and one.getFast():
            raise ModelError(f"the reaction '{one.getId()}' is fast, an equilibrium that is not solved here", where=where)
