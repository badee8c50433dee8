"""An agent without a framework, recorded to the default log.

    python examples/plain_agent.py

It pays invoices: one payment works, one is not allowed, one fails.
"""

from __future__ import annotations

from agent_audit import AuditedAgent
from agent_audit.analysis import AuditAnalyzer

INVOICES = {
    "invoice/17": {"to": "Baker & Sons", "amount": 40},
    "invoice/18": {"to": "Yacht Rental", "amount": 9000},
    "invoice/19": {"to": "Nobody", "amount": 12},
}
LIMIT = 1000


def read_invoices(agent: AuditedAgent) -> dict[str, dict[str, object]]:
    agent.log_data_access("invoices", "read", parameters={"status": "open"}, rows=len(INVOICES))
    return dict(INVOICES)


def transfer(to: str, amount: int) -> str:
    if amount > LIMIT:
        raise PermissionError(f"{amount} EUR is above the limit of {LIMIT} EUR")
    if to == "Nobody":
        raise LookupError("no such account")
    return f"{amount} EUR went to {to}"


def pay(agent: AuditedAgent, number: str, invoice: dict[str, object]) -> str:
    # The request is recorded before anything happens. Its end is recorded in any case.
    with agent.audit_context("invoice.pay", resource=number, amount=invoice["amount"]) as action:
        action.result = transfer(str(invoice["to"]), int(str(invoice["amount"])))
        agent.log_data_access(number, "update", parameters={"status": "paid"})
    return str(action.result)


def main() -> None:
    agent = AuditedAgent("bookkeeper", user_id="ann", session_id="month-end-may")
    said = []
    for number, invoice in read_invoices(agent).items():
        try:
            said.append(f"{number}: {pay(agent, number, invoice)}")
        except (PermissionError, LookupError) as error:
            said.append(f"{number}: not paid, {error}")
    statement = "\n".join(f"{day:02}.05. nothing happened" for day in range(1, 32)) * 20
    # A long result is recorded as its beginning, its end, its size and a keyed digest of the whole.
    agent.log_tool_call("bank_statement", {"month": "2026-05"}, statement, duration_ms=310.0)
    print("the agent said:", "\n  ".join(said))
    with AuditAnalyzer(agent.logger) as analyzer:
        print(analyzer.get_agent_activity())
        print(analyzer.detect_anomalies())
        print(analyzer.generate_compliance_report())


if __name__ == "__main__":
    main()
