#!/bin/sh
# Queue one message: send.sh TO TEXT. The same call again queues nothing more.
set -eu
url=${WEDDING_WA_URL:-http://localhost:8000}
to=$1
text=$2

# A key of our own. Ask again with the same one after a lost answer.
key=$(printf '%s\n%s' "$to" "$text" | cksum | cut -d ' ' -f 1)

quoted() { # as a JSON string; jq does this better where you have it
    printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' |
        awk 'BEGIN { printf "\"" } NR > 1 { printf "\\n" } { printf "%s", $0 } END { printf "\"" }'
}

curl --silent --show-error --fail-with-body --retry 3 \
    --header "Authorization: Bearer $WEDDING_WA_TOKEN" \
    --header "Content-Type: application/json" \
    --header "Idempotency-Key: $key" \
    --data "{\"to\": $(quoted "$to"), \"type\": \"text\", \"text\": $(quoted "$text")}" \
    "$url/api/v1/whatsapp/send/"
echo
