"""What headers, chat bodies and streams are made of, so that a short piece compresses as if it came after these.

It is stored with the store: a later version may have another, and old pieces are still read with this one.
"""

DICTIONARY = b"".join(
    text.encode()
    for text in (
        '[["Host","127.0.0.1:4100"],["Accept-Encoding","gzip, deflate, br, zstd"],["Connection","keep-alive"],'
        '["Accept","application/json"],["Content-Type","application/json"],["User-Agent","OpenAI/Python 3.57.0"],'
        '["X-Stainless-Lang","python"],["X-Stainless-Package-Version","3.57.0"],["X-Stainless-OS","Linux"],'
        '["X-Stainless-Arch","x64"],["X-Stainless-Runtime","CPython"],["X-Stainless-Runtime-Version","3.11.7"],'
        '["Authorization","[redacted, 58 chars, fp=00000000]"],["X-Stainless-Async","false"],'
        '["x-stainless-retry-count","0"],["x-stainless-read-timeout","600"],["X-PandaProbe-Session","session-'
        '"],["X-PandaProbe-Trace","],["Content-Length","1234"]]',
        '[["Date","Mon, 01 Jan 2026 00:00:00 GMT"],["Content-Type","text/event-stream; charset=utf-8"],'
        '["Transfer-Encoding","chunked"],["Connection","keep-alive"],["openai-organization","[redacted, 8 chars, fp='
        '"],["openai-processing-ms","1234"],["openai-version","2020-10-01"],["x-ratelimit-limit-requests","10000"],'
        '["x-ratelimit-limit-tokens","2000000"],["x-ratelimit-remaining-requests","9999"],'
        '["x-ratelimit-remaining-tokens","1999999"],["x-ratelimit-reset-requests","6ms"],'
        '["x-ratelimit-reset-tokens","0s"],["x-request-id","req_0123456789abcdef"],["Server","cloudflare"],'
        '["cf-ray","0123456789abcdef-FRA"],["set-cookie","[redacted, 400 chars, fp="]]',
        '{"model": "gpt-4o", "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.0, "tools": ['
        '{"type": "function", "function": {"name": "", "description": "", "parameters": {"type": "object", '
        '"properties": {"": {"type": "string", "description": ""}}, "required": [""], "additionalProperties": false}, '
        '"strict": true}}], "messages": [{"role": "system", "content": "You are "}, {"role": "user", "content": "',
        '{"role": "assistant", "content": null, "tool_calls": [{"id": "call_", "type": "function", "function": '
        '{"name": "", "arguments": "{\\"\\": \\"\\"}"}}]}, {"role": "tool", "tool_call_id": "call_", "content": "',
        '{"id":"chatcmpl-","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":['
        '{"index":0,"message":{"role":"assistant","content":"","refusal":null,"annotations":[],"tool_calls":[{"id":'
        '"call_","type":"function","function":{"name":"","arguments":"{}"}}]},"logprobs":null,"finish_reason":'
        '"tool_calls"}],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,'
        '"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":'
        '0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default",'
        '"system_fingerprint":"fp_0123456789"}',
        'data: {"id":"chatcmpl-","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-2024-08-06",'
        '"service_tier":"default","system_fingerprint":"fp_","choices":[{"index":0,"delta":{"role":"assistant",'
        '"content":""},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":""}\n\n'
        'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":""}}]},'
        '"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    )
)
