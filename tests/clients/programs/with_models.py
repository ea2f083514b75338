"""One library of a model provider asks what it is told on stdin; what it makes of each answer is printed as JSON."""

import json
import os
import sys

AT = "https://api.openai.com"
CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"


def with_openai(client):
    def ask(case):
        turns = [{"role": "system", "content": case["system"]}, {"role": "user", "content": case["user"]}]
        said = {"model": "gpt-4o", "messages": turns}
        if case["stream"]:
            with client.chat.completions.stream(**said) as stream:
                for _ in stream:
                    pass
                done = stream.get_final_completion()
        else:
            done = client.chat.completions.create(**said)
        message = done.choices[0].message
        return message.content or "", [call.function.name for call in message.tool_calls or ()]

    return ask


def openai_chat():
    import openai

    return with_openai(openai.OpenAI(api_key="test", base_url=f"{AT}/v1", max_retries=0))


def azure():
    import openai

    return with_openai(openai.AzureOpenAI(api_key="test", azure_endpoint=AT, api_version="2024-10-21", max_retries=0))


def responses():
    import openai

    client = openai.OpenAI(api_key="test", base_url=f"{AT}/v1", max_retries=0)

    def ask(case):
        said = {"model": "gpt-4o", "instructions": case["system"], "input": case["user"]}
        if case["stream"]:
            with client.responses.stream(**said) as stream:
                for _ in stream:
                    pass
                done = stream.get_final_response()
        else:
            done = client.responses.create(**said)
        return done.output_text, [item.name for item in done.output if item.type == "function_call"]

    return ask


def with_anthropic(client, model="claude-sonnet-4-5"):
    def ask(case):
        turns = [{"role": "user", "content": case["user"]}]
        said = {"model": model, "max_tokens": 100, "system": case["system"], "messages": turns}
        if case["stream"]:
            with client.messages.stream(**said) as stream:
                done = stream.get_final_message()
        else:
            done = client.messages.create(**said)
        texts = [block.text for block in done.content if block.type == "text"]
        return "\n".join(texts), [block.name for block in done.content if block.type == "tool_use"]

    return ask


def anthropic_messages():
    import anthropic

    return with_anthropic(anthropic.Anthropic(api_key="test", base_url=AT, max_retries=0))


def anthropic_bedrock(**shown):
    import anthropic

    shown = shown or {"api_key": "test"}
    return with_anthropic(
        anthropic.AnthropicBedrock(**shown, aws_region="us-east-1", base_url=AT, max_retries=0), CLAUDE
    )


def anthropic_bedrock_signed():
    return anthropic_bedrock(aws_access_key="test", aws_secret_key="test")


def anthropic_vertex():
    import anthropic

    where = {"region": "us-east5", "project_id": "p", "access_token": "test"}
    return with_anthropic(anthropic.AnthropicVertex(**where, base_url=f"{AT}/v1", max_retries=0))


def google_genai():
    from google import genai
    from google.genai.types import AutomaticFunctionCallingConfig, GenerateContentConfig, HttpOptions

    client = genai.Client(api_key="test", http_options=HttpOptions(base_url=AT, timeout=20000))

    def ask(case):
        config = GenerateContentConfig(
            system_instruction=case["system"],
            automatic_function_calling=AutomaticFunctionCallingConfig(disable=True),
        )
        said = {"model": "gemini-2.5-flash", "contents": case["user"], "config": config}
        if case["stream"]:
            answers = list(client.models.generate_content_stream(**said))
        else:
            answers = [client.models.generate_content(**said)]
        parts = [part for answer in answers for part in answer.candidates[0].content.parts]
        return "".join(part.text or "" for part in parts), [p.function_call.name for p in parts if p.function_call]

    return ask


def bedrock():
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=AT, config=config)


def boto3_invoke():
    client = bedrock()

    def ask(case):
        turns = [{"role": "user", "content": case["user"]}]
        said = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "system": case["system"]}
        asked = {"modelId": CLAUDE, "body": json.dumps({**said, "messages": turns})}
        if not case["stream"]:
            blocks = json.loads(client.invoke_model(**asked)["body"].read())["content"]
            texts = [block["text"] for block in blocks if block["type"] == "text"]
            return "\n".join(texts), [block["name"] for block in blocks if block["type"] == "tool_use"]
        text, names = "", []
        for piece in client.invoke_model_with_response_stream(**asked)["body"]:
            event = json.loads(piece["chunk"]["bytes"])
            text += event.get("delta", {}).get("text", "")
            if event.get("content_block", {}).get("type") == "tool_use":
                names.append(event["content_block"]["name"])
        return text, names

    return ask


def boto3_converse():
    client = bedrock()

    def ask(case):
        said = {
            "modelId": CLAUDE,
            "system": [{"text": case["system"]}],
            "messages": [{"role": "user", "content": [{"text": case["user"]}]}],
        }
        if not case["stream"]:
            blocks = client.converse(**said)["output"]["message"]["content"]
            texts = [block["text"] for block in blocks if "text" in block]
            return "\n".join(texts), [block["toolUse"]["name"] for block in blocks if "toolUse" in block]
        text, names = "", []
        for event in client.converse_stream(**said)["stream"]:
            text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
            if use := event.get("contentBlockStart", {}).get("start", {}).get("toolUse"):
                names.append(use["name"])
        return text, names

    return ask


def ollama_chat():
    import ollama

    client = ollama.Client(host=AT)

    def ask(case):
        turns = [{"role": "system", "content": case["system"]}, {"role": "user", "content": case["user"]}]
        said = {"model": "llama3.2", "messages": turns, "stream": case["stream"]}
        answers = list(client.chat(**said)) if case["stream"] else [client.chat(**said)]
        messages = [answer.message for answer in answers]
        names = [call.function.name for message in messages for call in message.tool_calls or ()]
        return "".join(message.content or "" for message in messages), names

    return ask


def mistral():
    from mistralai.client import Mistral

    client = Mistral(api_key="test", server_url=AT)

    def ask(case):
        turns = [{"role": "system", "content": case["system"]}, {"role": "user", "content": case["user"]}]
        said = {"model": "mistral-small", "messages": turns}
        if case["stream"]:
            found = [event.data.choices[0].delta for event in client.chat.stream(**said)]
        else:
            found = [client.chat.complete(**said).choices[0].message]
        names = [call.function.name for one in found for call in one.tool_calls or () if call.function.name]
        return "".join(one.content or "" for one in found), names

    return ask


LIBRARIES = {
    "openai": openai_chat,
    "openai responses": responses,
    "openai azure": azure,
    "anthropic": anthropic_messages,
    "anthropic bedrock": anthropic_bedrock,
    "anthropic bedrock signed": anthropic_bedrock_signed,
    "anthropic vertex": anthropic_vertex,
    "google-genai": google_genai,
    "boto3": boto3_converse,
    "boto3 signed": boto3_converse,
    "boto3 invoke": boto3_invoke,
    "ollama": ollama_chat,
    "mistralai": mistral,
}


def tried(ask, case):
    try:
        text, calls = ask(case)
    except Exception as error:  # noqa: BLE001 - whatever its user would see
        return {"error": f"{type(error).__name__}: {error}"}
    return {"text": text, "calls": calls}


if sys.argv[1].endswith("signed"):
    os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
ask = LIBRARIES[sys.argv[1]]()
print(json.dumps([tried(ask, case) for case in json.load(sys.stdin)]))
