#!/usr/bin/env bash
# curl: plain and streamed calls, an upload, a download, compressed answers, an expected 100, an error.
set -euo pipefail
ask() { curl -sS -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" "$@"; echo; }

ask "$OPENAI_BASE_URL/chat/completions" -d '{"model":"m","messages":[{"role":"user","content":"Say ü."}]}'
ask -N "$OPENAI_BASE_URL/chat/completions" -d '{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}'
ask --compressed "$OPENAI_BASE_URL/models"
ask -H 'Expect: 100-continue' "$OPENAI_BASE_URL/responses" -d '{"model":"m","input":"Say ü."}'
ask -w '%{http_code}' "$OPENAI_BASE_URL/chat/completions" -d '{"model":"missing","messages":[{"role":"user","content":"x"}]}'
ask -H 'Transfer-Encoding: chunked' "$OPENAI_BASE_URL/embeddings" -d '{"model":"e","input":"a"}'
ask "$OPENAI_BASE_URL/audio/speech" -d '{"model":"t","voice":"alloy","input":"x"}' | sha256sum
curl -sS -H "Authorization: Bearer $OPENAI_API_KEY" -F purpose=batch -F "file=@$0;filename=lines.jsonl" "$OPENAI_BASE_URL/files"; echo
curl -sS "$OPENAI_BASE_URL/files/file-1/content"
curl -sS -X DELETE "$OPENAI_BASE_URL/files/file-1"; echo
curl -sS --http1.0 "$OPENAI_BASE_URL/models"; echo
curl -sS "$ANTHROPIC_BASE_URL/v1/messages" -H "x-api-key: k" -H "anthropic-version: 2023-06-01" \
  -H "content-type: application/json" -d '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'; echo
