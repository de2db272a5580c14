"""Control flow: loops, comprehensions, `match` and `except`."""

from __future__ import annotations

import ast
from typing import TypeAlias

from ...model.steps import DecisionSite
from .conditions import Conditions

_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class ControlFlow(Conditions):
    """Reports which way loops, cases and handlers went."""

    def _loop(self, node: ast.For | ast.AsyncFor) -> ast.AST:
        branch = self._table.decided_at(node.iter)
        if not self._inside or branch is None:
            return self.generic_visit(node)
        number = self._number()
        site = self._decision(branch, number, [ast.unparse(node.iter)])
        node.target = self.visit(node.target)
        node.iter = self._operand(node.iter, number, is_first=True)
        node.body = [self._statement("entered", site, at=node.iter), *self._each(node.body)]
        node.orelse = [self._statement("ended", site, at=node.iter), *self._each(node.orelse)]
        return node

    visit_For = _loop
    visit_AsyncFor = _loop

    def _comprehension(self, node: _Comprehension) -> ast.AST:
        if not self._inside:
            return self.generic_visit(node)
        for part in node.generators:
            branch = self._table.decided_at(part.iter)
            if part.is_async or branch is None:
                part.iter = self.visit(part.iter)
            else:
                number = self._number()
                site = self._decision(branch, number, [ast.unparse(part.iter)])
                part.iter = self._call("each", site, self._operand(part.iter, number, is_first=True), at=part.iter)
            part.ifs = [self._test(one, "if") for one in part.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visit(node.key), self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)
        return node

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def visit_Match(self, node: ast.Match) -> ast.AST:
        """Which case took the subject is reported when its guard or its body is reached."""
        if not self._inside:
            return self.generic_visit(node)
        number = self._number()
        text = ast.unparse(node.subject)
        sites = tuple(self._case(case, number, text) for case in node.cases)
        open_ended = node.cases[-1].guard is not None or not _is_irrefutable(node.cases[-1].pattern)
        node.subject = self._operand(node.subject, number, is_first=True)
        for position, case in enumerate(node.cases):
            matched = (number, sites[: position + 1], position)
            if case.guard is not None:
                mark = self._call("matched", *matched, at=case.guard)
                guard = self._test(case.guard, "case if")
                case.guard = ast.copy_location(ast.BoolOp(ast.And(), [mark, guard]), guard)
            case.body = self._each(case.body)
            if case.guard is None:
                case.body.insert(0, self._statement("matched", *matched, at=case.pattern))
        if open_ended:
            nothing = self._statement("matched", number, sites, len(sites), at=node.subject)
            node.cases.append(ast.match_case(ast.copy_location(ast.MatchAs(), nothing), None, [nothing]))
        return node

    def _case(self, case: ast.match_case, number: int, text: str) -> DecisionSite | None:
        branch = self._table.decided_at(case.pattern)
        if branch is None or _is_irrefutable(case.pattern):
            return None
        return self._decision(branch, number, [text])

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """What no `except` takes is reported too, in one more that raises it again."""
        if not self._inside or not node.handlers:
            return self.generic_visit(node)
        classed = [self._handler_site(handler) for handler in node.handlers if handler.type is not None]
        sites = tuple(site for site in classed if site is not None)
        node.body = self._each(node.body)
        for position, handler in enumerate(node.handlers):
            handler.type = handler.type and self.visit(handler.type)
            is_bare = handler.type is None
            mark = self._statement("caught", self._function, sites, position, is_bare, at=handler)
            handler.body = [mark, *self._each(handler.body)]
        if node.handlers[-1].type is not None:
            mark = self._statement("caught", self._function, sites, len(sites), at=node.handlers[-1])
            again = ast.ExceptHandler(None, None, [mark, ast.copy_location(ast.Raise(), mark)])
            node.handlers.append(ast.copy_location(again, mark))
        node.orelse, node.finalbody = self._each(node.orelse), self._each(node.finalbody)
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        """An `except*` reports that it took something."""
        if not self._inside:
            return self.generic_visit(node)
        node.body = self._each(node.body)
        for handler in node.handlers:
            site = self._handler_site(handler)
            handler.type = handler.type and self.visit(handler.type)
            handler.body = self._each(handler.body)
            if site is not None:
                handler.body.insert(0, self._statement("caught", self._function, (site,), 0, at=handler))
        node.orelse, node.finalbody = self._each(node.orelse), self._each(node.finalbody)
        return node

    def _handler_site(self, handler: ast.ExceptHandler) -> DecisionSite | None:
        branch = self._table.decided_at(handler.type) if handler.type is not None else None
        return self._decision(branch, self._number(), [""]) if branch is not None else None


def _is_irrefutable(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _is_irrefutable(inner)
        case ast.MatchOr(patterns=patterns):
            return any(map(_is_irrefutable, patterns))
        case _:
            return False
