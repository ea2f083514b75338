"""An agent of the OpenAI Agents SDK: what it asks its model and what its tool does are steps of one run.

    aisecops run --agent support-bot -- python examples/openai_agents_sdk.py "Which plan has customer 7?"

`aisecops run` has set the variables by which the SDK's own client goes through the gateway and trusts it.
"""

import asyncio
import sys

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from aisecops.client import Run


async def main(question: str) -> None:
    set_tracing_disabled(True)  # traces would go to a host of OpenAI's that no rule names
    async with Run.current().async_http() as http:

        @function_tool
        async def customer(customer_id: str) -> str:
            """The record of one customer."""
            return (await http.get(f"https://crm.internal/v1/customers/{customer_id}")).text

        agent = Agent(
            name="support",
            instructions="Answer from the customer's record.",
            tools=[customer],
            model=OpenAIChatCompletionsModel("gpt-4o", AsyncOpenAI()),
        )
        print((await Runner.run(agent, question)).final_output)


asyncio.run(main(sys.argv[1]))
