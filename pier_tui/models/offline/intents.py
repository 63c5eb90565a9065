"""What a request in English asks for, as far as the rules know: one `Intent`, with the rule that matched.

The first rule that matches wins; `others` counts further kinds of request that would have matched too,
and lowers the confidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "find", "callers", "explain", "list", "run_tests", "rename", "replace", "add_line", "fix", "summarise",
    "move", "add_parameter", "remove_parameter", "rename_parameter", "reorder_parameters", "docstrings",
    "extract_method", "help", "unknown",
]  # fmt: skip

NAME = r"[A-Za-z_][\w.]*"
PATH = r"[\w./\-]+\.\w{1,5}|[\w.\-]+/[\w./\-]*"
_Q = r"[`'\"“”‘’]?"
_N = rf"{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}"
_SORT = r"(?:(?:function|method|class|variable|symbol|constant|name|attribute|module|file|identifier|def)\s+)?"
_IN = (
    rf"(?:\s+(?:in|inside|within|of|from|at)\s+(?:the\s+)?(?:file\s+|module\s+)?{_Q}(?P<path>{PATH}){_Q}(?:\s+file)?)?"
)
_END = r"\s*[?.!]*\s*$"
_POLITE = re.compile(
    r"^(?:(?:please|kindly|hey|hi|hello|ok|okay|now|then|so|and|just)[,!]?\s+|(?:can|could|would|will)\s+(?:you|we)\s+"
    r"|(?:i\s+(?:want|need|would\s+like)\s+(?:you\s+)?to|i'd\s+like\s+(?:you\s+)?to|let'?s|help\s+me(?:\s+to)?|go\s+ahead\s+and)\s+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Intent:
    """A recognised request. `fields` are its parts as written; `rule` names what matched."""

    kind: Kind
    rule: str
    fields: dict[str, str] = field(default_factory=dict)
    others: int = 0

    def get(self, name: str) -> str:
        """A part, '' where the request has none."""
        return self.fields.get(name) or ""


_RULES: tuple[tuple[Kind, str, str], ...] = (
    ("extract_method", "method to function",
     rf"(?:refactor|turn|convert|make|extract|change)\s+(?:the\s+)?{_Q}(?P<name>\w+){_Q}\s+method\s+(?:in|of|from)\s+(?:the\s+)?"
     rf"{_Q}(?P<owner>\w+){_Q}(?:\s+class)?.*?(?:stand[- ]?alone|top[- ]?level|module[- ]level|(?:in)?to\s+a\s+function)"),
    ("extract_method", "method to function",
     rf"(?:refactor|turn|convert|make|extract)\s+(?:the\s+)?(?:method\s+)?{_Q}(?P<owner>\w+)\.(?P<name>\w+)(?:\(\))?{_Q}.*?"
     r"(?:stand[- ]?alone|top[- ]?level|module[- ]level|(?:in)?to\s+a\s+function)"),
    ("move", "move to another module",
     rf"move\s+(?:the\s+)?{_SORT}{_Q}(?P<name>\w+)(?:\(\))?{_Q}(?:\s+(?:function|class))?"
     rf"(?:\s+(?:from|out\s+of|in)\s+{_Q}(?P<path>{PATH}){_Q})?\s+(?:in)?to\s+(?:the\s+)?(?:file\s+|module\s+|new\s+file\s+)?{_Q}(?P<to>{PATH}|[\w.]+){_Q}"),
    ("rename_parameter", "rename a parameter",
     rf"(?:rename|change)\s+(?:the\s+)?(?:parameter|argument|param|arg|keyword)\s+{_Q}(?P<old>\w+){_Q}\s+(?:of|in|on|from)\s+{_SORT}"
     rf"{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}\s+(?:to|into|as)\s+{_Q}(?P<new>\w+){_Q}"),
    ("rename_parameter", "rename a parameter",
     rf"(?:rename|change)\s+(?:the\s+)?(?:parameter|argument|param|arg|keyword)\s+{_Q}(?P<old>\w+){_Q}\s+(?:to|into|as)\s+{_Q}(?P<new>\w+){_Q}"
     rf"\s+(?:of|in|on|for)\s+{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}{_END}"),
    ("remove_parameter", "remove a parameter",
     rf"(?:remove|drop|delete)\s+(?:the\s+)?(?:unused\s+)?(?:parameter|argument|param|arg|keyword)\s+{_Q}(?P<old>\w+){_Q}\s+(?:of|in|on|from)\s+(?:the\s+)?"
     rf"{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}(?:\s|{_END})"),
    ("remove_parameter", "remove a parameter",
     rf"(?:remove|drop|delete)\s+(?:the\s+)?{_Q}(?P<old>\w+){_Q}\s+(?:parameter|argument|param|arg)\s+(?:of|in|on|from)\s+(?:the\s+)?"
     rf"{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}(?:\s|{_END})"),
    ("reorder_parameters", "reorder parameters",
     rf"(?:reorder|change\s+the\s+order\s+of)\s+(?:the\s+)?(?:parameters|arguments|params|args)\s+(?:of|in)\s+{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}"
     r"\s+(?:to|as|into|:)\s*(?P<order>[\w`'\", ]+)"),
    ("reorder_parameters", "swap parameters",
     rf"swap\s+(?:the\s+)?(?:parameters|arguments|params|args)\s+{_Q}(?P<first>\w+){_Q}\s+and\s+{_Q}(?P<second>\w+){_Q}\s+(?:of|in)\s+{_SORT}"
     rf"{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}{_END}"),
    ("add_parameter", "add a parameter",
     rf"add\s+(?:an?\s+|the\s+)?(?:new\s+|optional\s+)?(?:keyword\s+)?(?:parameter|argument|param|arg)\s+(?:named\s+|called\s+)?{_Q}(?P<new>\w+){_Q}"
     rf"(?:\s*:\s*(?P<type>[\w\[\], |.]+?))?(?:\s*=\s*(?P<given>[^\s`]+))?{_Q}(?:\s+with\s+(?:a\s+)?default(?:\s+value)?(?:\s+of)?\s+[`]?(?P<default>[^\s`]+)[`]?)?"
     rf"\s+(?:to|on|in)\s+(?P<all>(?:all|every|each)\s+(?:the\s+)?functions?\s+(?:in|of)\s+)?(?:the\s+)?{_SORT}{_Q}(?P<name>{PATH}|{NAME}?)(?:\(\))?{_Q}"
     r"(?:\s*,?\s+(?:with\s+(?:a\s+)?default(?:\s+value)?(?:\s+of)?|defaulting\s+to)\s+[`]?(?P<default2>[^\s`]+?)[`]?)?" + _END),
    ("docstrings", "add docstrings",
     rf"(?:add|write|generate|put)\s+(?:the\s+)?(?:missing\s+)?(?:docstrings?|documentation)\s+(?:to|in|for|across|throughout|into)\s+"
     rf"(?:all\s+(?:the\s+)?functions\s+(?:in|of)\s+|every\s+function\s+(?:in|of)\s+)?(?:the\s+)?(?:module\s+|file\s+)?{_Q}(?P<path>{PATH}){_Q}"),
    ("docstrings", "add a docstring",
     rf"(?:add|write|generate|put)\s+(?:an?\s+|the\s+)?(?:missing\s+)?docstrings?\s+(?:to|in|for)\s+(?:the\s+)?{_SORT}{_N}{_IN}{_END}"),
    ("rename", "rename a symbol",
     rf"rename\s+(?:the\s+)?{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}{_IN}(?:\s+everywhere|\s+across\s+[\w ]+?)?\s+(?:to|into|as|->|=>)\s+{_Q}(?P<new>{NAME}?)(?:\(\))?{_Q}"
     rf"(?P<wide>\s+(?:everywhere|across\s+[\w ]+|in\s+(?:all|every|the\s+whole|the\s+entire)\s+[\w ]+))?"
     rf"(?:\s+(?:in|inside|within)\s+(?:the\s+)?(?:file\s+|module\s+)?{_Q}(?P<path2>{PATH}){_Q})?(?:\s+and\s+.*)?{_END}"),
    ("rename", "change the name of a symbol",
     rf"change\s+the\s+name\s+of\s+(?:the\s+)?{_SORT}{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}{_IN}\s+(?:to|into)\s+{_Q}(?P<new>\w+)(?:\(\))?{_Q}"
     rf"(?:\s+in\s+{_Q}(?P<path2>{PATH}){_Q})?{_END}"),
    ("fix", "repair what fails",
     rf"(?:fix|repair|debug|solve|correct|mend|resolve|make)\b.*\b(?:tests?|failures?|failing|fails|bugs?|errors?|traceback|exception|pass|green|broken|crash\w*|\w+Error)\b"),
    ("run_tests", "why does it fail", r"why\s+(?:does|do|is|are)\s+.*\b(?:fail|failing|broken|red)\w*"),
    ("fix", "a test is said to fail", r"(?:test\S*|tests)\b.*\b(?:fails?|failing|broken|does(?:n't| not) pass|do(?:n't| not) pass)\b(?!\?)"),
    ("fix", "a path or symbol to repair", rf"(?:fix|repair|debug)\s+(?:the\s+)?{_SORT}{_Q}(?P<name>{PATH}|{NAME}?)(?:\(\))?{_Q}{_END}"),
    ("replace", "replace text",
     rf"(?:replace|substitute)\s+(?:the\s+)?(?:text|string|line|word|all\s+occurrences\s+of|every)?\s*(?P<q>[`'\"])(?P<old>.+?)(?P=q)\s+(?:with|by|for)\s+(?P<q2>[`'\"])(?P<new>.*?)(?P=q2)"
     rf"(?:\s+(?P<every>everywhere))?\s+(?:in|inside|of)\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path>{PATH}){_Q}"),
    ("replace", "replace text",
     rf"in\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path>{PATH}){_Q},?\s+(?:replace|change)\s+(?:the\s+)?(?:text|string|line)?\s*(?P<q>[`'\"])(?P<old>.+?)(?P=q)\s+(?:with|by|to)\s+(?P<q2>[`'\"])(?P<new>.*?)(?P=q2)"),
    ("replace", "change text",
     rf"change\s+(?:the\s+)?(?:\w+\s+)?(?P<q>[`'\"])(?P<old>.+?)(?P=q)\s+(?:to|into)\s+(?P<q2>[`'\"])(?P<new>.*?)(?P=q2)\s+in\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path>{PATH}){_Q}"),
    ("replace", "change text",
     rf"(?:replace|change)\s+(?P<old>\S+)\s+(?:with|by|to|into)\s+(?P<new>\S+)\s+in\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path>{PATH}){_Q}{_END}"),
    ("replace", "set a value", rf"(?:set|change|bump|update)\s+(?:the\s+)?(?:value\s+of\s+|constant\s+|variable\s+)?{_Q}(?P<assign>[A-Za-z_]\w*){_Q}{_IN}\s+(?:to|=)\s+`?(?P<new>[^`]+?)`?"
     rf"(?:\s+in\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path2>{PATH}){_Q})?{_END}"),
    ("add_line", "add a line",
     rf"(?:add|append|insert)\s+(?:an?\s+|the\s+)?(?:new\s+)?line\s+(?P<q>[`'\"])(?P<new>.+?)(?P=q)\s+(?:(?P<where>at\s+the\s+(?:end|top|bottom|beginning|start)|to\s+the\s+(?:end|top|bottom|beginning|start))\s+of|to|in(?:to)?)"
     rf"\s+(?:the\s+)?(?:file\s+)?{_Q}(?P<path>{PATH}){_Q}(?:\s+(?P<side>after|before)\s+(?:line\s+(?P<line>\d+)|(?:the\s+line\s+)?(?P<q3>[`'\"])(?P<anchor>.+?)(?P=q3)))?"),
    ("run_tests", "run the tests",
     rf"(?:run|execute|start|rerun|re-run|check)\s+(?:all\s+)?(?:of\s+)?(?:the\s+|my\s+|our\s+)?(?:whole\s+|full\s+|unit\s+)?(?:test\s+suite|tests?|suite|pytest|specs)(?:\s+(?:in|of|for|from)\s+{_Q}(?P<path>[\w./:\-\[\]]+){_Q})?"
     rf"(?:\s+{_Q}(?P<path2>[\w./\-]+(?:\.py)?(?:::[\w:\[\]\-]+)?){_Q})?(?:\s+again)?{_END}"),
    ("run_tests", "do the tests pass", rf"(?:do|does|are|is)\s+(?:all\s+)?(?:the\s+|my\s+|our\s+)?(?:tests?|test\s+suite|suite|build)\s+(?:still\s+)?(?:pass|passing|green|ok|work)\w*{_END}"),
    ("run_tests", "which tests fail", rf"(?:which|what)\s+tests?\s+(?:fail|are\s+failing|is\s+failing|fails|are\s+broken){_END}|(?:py)?tests?{_END}"),
    ("callers", "who calls", rf"(?:who|what|which\s+(?:functions?|code|places?|files?))\s+(?:calls?|uses?|references?|imports?|depends?\s+on|is\s+calling|is\s+using)\s+(?:the\s+)?{_SORT}{_N}{_IN}{_END}"),
    ("callers", "where used", rf"(?:where|how\s+often)\s+(?:is|are|do\s+we|does\s+\w+)\s+(?:the\s+)?{_SORT}{_N}\s+(?:used|called|referenced|imported|invoked|needed){_IN}{_END}"),
    ("callers", "where we use", rf"where\s+do(?:es)?\s+(?:we|it|the\s+code|this\s+repo\w*)\s+(?:use|call|reference|import)\s+(?:the\s+)?{_SORT}{_N}{_IN}{_END}"),
    ("callers", "uses of", rf"(?:find|show|list|get|search(?:\s+for)?|look\s+for|look\s+up|give\s+me)\s+(?:me\s+)?(?:all\s+|every\s+|the\s+)*(?:uses?|usages?|callers?|references?|calls?|call\s+sites?|occurrences?|mentions?|importers?)\s+(?:of|to|for)\s+(?:the\s+)?{_SORT}{_N}{_IN}{_END}"),
    ("callers", "uses of", rf"(?:uses?|usages?|callers?|references?|occurrences?)\s+(?:of|to)\s+(?:the\s+)?{_SORT}{_N}{_IN}{_END}"),
    ("find", "where defined", rf"where\s+(?:is|are|'s|was|does|can\s+i\s+find|do\s+(?:we|i)\s+(?:define|find|have))\s*(?:the\s+)?(?:definition\s+of\s+)?{_SORT}{_N}(?:\s+(?:function|class|method))?(?:\s+(?:defined|declared|implemented|located|live|come\s+from|set|created))?{_IN}{_END}"),
    ("find", "find a definition", rf"(?:find|locate|show|search(?:\s+for)?|look\s+for|look\s+up|grep(?:\s+for)?|go\s+to|open|get)\s+(?:me\s+)?(?:the\s+)?(?:definition\s+of\s+|def\s+of\s+|declaration\s+of\s+|implementation\s+of\s+|where\s+)?(?:the\s+)?{_SORT}{_N}(?:\s+(?:is\s+)?(?:defined|declared|implemented|function|class|method|definition))?{_IN}{_END}"),
    ("find", "search for text", rf"(?:find|search(?:\s+for)?|grep(?:\s+for)?|look\s+for)\s+(?P<q>[`'\"])(?P<text>.+?)(?P=q){_IN}{_END}"),
    ("summarise", "summarise", r"(?:summari[sz]e|sum\s+up|recap|review|describe)\s+(?:the\s+|my\s+|these\s+|this\s+|what\s+)?(?:current\s+|pending\s+|last\s+|test\s+)?(?:diff|changes?|edits?|test\s+(?:output|results?|failures?)|output|results?|failures?|happened|changed|was\s+done|progress|session)|what\s+(?:has\s+)?changed|what\s+did\s+you\s+(?:do|change)"),
    ("list", "what is here", r"(?:what(?:'s|\s+is|\s+are)?\s+(?:in|inside)\s+(?:this|the|my|here)\s*(?:repo\w*|project|code\s*base|folder|directory)?|(?:list|show)\s+(?:me\s+)?(?:all\s+)?(?:the\s+)?(?:files|repo\w*|modules|project|tree|structure)|(?:give\s+me\s+an?\s+)?overview|what\s+(?:does\s+this\s+(?:repo\w*|project)\s+(?:do|contain)|files\s+are\s+(?:there|here))|(?:explain|describe|summari[sz]e)\s+(?:this|the)\s+(?:repo\w*|project|code\s*base))"),
    ("list", "outline a file", rf"(?:outline|list|show)\s+(?:me\s+)?(?:all\s+)?(?:the\s+)?(?:outline\s+of\s+|functions\s+(?:in|of)\s+|classes\s+(?:in|of)\s+|symbols\s+(?:in|of)\s+|methods\s+(?:in|of)\s+|contents\s+of\s+)?{_Q}(?P<path>{PATH}){_Q}{_END}"),
    ("list", "what is in a file", rf"what(?:'s|\s+is|\s+are)?\s+(?:the\s+\w+\s+)?(?:in|inside|defined\s+in)\s+{_Q}(?P<path>{PATH}){_Q}{_END}|what\s+(?:functions|classes|symbols)\s+(?:are\s+|does\s+)?(?:in\s+)?{_Q}(?P<path2>{PATH}){_Q}(?:\s+(?:have|define|contain))?{_END}"),
    ("explain", "explain", rf"(?:explain|describe|document|tell\s+me\s+about|walk\s+me\s+through|summari[sz]e|what\s+(?:is|are)|what's|understand|show\s+me\s+how)\s+(?:to\s+me\s+)?(?:how\s+|what\s+)?(?:the\s+)?{_SORT}{_Q}(?P<name>{PATH}|{NAME}?)(?:\(\))?{_Q}(?:\s+(?:function|class|method|module|file|works?|does|do|is|for|to\s+me)){{0,2}}{_IN}{_END}"),
    ("explain", "what does it do", rf"(?:what|how)\s+(?:does|do|is|are)\s+(?:the\s+)?{_SORT}{_Q}(?P<name>{PATH}|{NAME}?)(?:\(\))?{_Q}(?:\s+(?:function|class|method|module|file))?\s+(?:do|does|work|for|mean|used\s+for|return|about|implemented){_IN}{_END}"),
    ("help", "help", r"(?:help|hi|hello|hey|thanks?(?:\s+you)?|what\s+can\s+you\s+do|who\s+are\s+you|how\s+does\s+this\s+work)\b[\s?!.]*$"),
)  # fmt: skip

_COMPILED = tuple((kind, rule, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for kind, rule, pattern in _RULES)
_VAGUE = frozenset(
    {"it", "this", "that", "these", "those", "me", "a", "an", "the", "all", "everything", "us", "is", "be"}
)
_FAMILY: dict[str, str] = {"callers": "find", "list": "explain", "summarise": "explain"}


def parse(request: str) -> Intent:
    """The intent of a request; `unknown` where no rule matches."""
    text = " ".join(_POLITE.sub("", request.strip()).split())
    matched: Intent | None = None
    families: set[str] = set()
    for kind, rule, pattern in _COMPILED:
        match = pattern.match(text) or (pattern.search(text) if kind in ("fix", "extract_method") else None)
        if match is None:
            continue
        fields = {name: value.strip() for name, value in match.groupdict().items() if value}
        if kind in ("find", "callers", "explain") and fields.get("name", "x").lower() in _VAGUE:
            continue
        fields.setdefault("path", fields.get("path2", ""))
        matched = matched or Intent(kind, rule, fields)
        families.add(_FAMILY.get(kind, kind))
    if matched is None:
        return Intent("unknown", "no rule")
    return Intent(matched.kind, matched.rule, matched.fields, len(families) - 1)


def paths_in(request: str) -> list[str]:
    """File paths and test ids a request names, in order."""
    found = re.findall(r"(?<![\w/])[\w./\-]+\.py(?:::[\w\[\]:.\-]+)?", request)
    return list(dict.fromkeys(path.rstrip(".:") for path in found))
