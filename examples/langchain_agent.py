"""A LangChain agent: what it asks its model and what its tool does are steps of one run.

    aisecops run --agent support-bot -- python examples/langchain_agent.py "Which plan has customer 7?"

`aisecops run` has set the variables by which LangChain's own client goes through the gateway and trusts it.
"""

import sys

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from aisecops.client import Run

http = Run.current().http()


@tool
def customer(customer_id: str) -> str:
    """The record of one customer."""
    return http.get(f"https://crm.internal/v1/customers/{customer_id}").text


agent = create_agent(ChatOpenAI(model="gpt-4o"), [customer], system_prompt="Answer from the customer's record.")
done = agent.invoke({"messages": [{"role": "user", "content": sys.argv[1]}]})
print(done["messages"][-1].text)
