import { type FC, useState } from "react";
import { Icon } from "@/components/icon";
import { Modal, ModalTitle } from "@/components/popup";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";

/** The password of a new login, this once: it is kept nowhere. */
export const PasswordDialog: FC<{ login: string; password: string; onClose: () => void }> = ({
  login,
  password,
  onClose,
}) => {
  const [isShown, setIsShown] = useState(false);
  const [isStored, setIsStored] = useState(false);
  const copy = async () => {
    await copyText(password);
    notify({ tone: "ok", title: "Password copied" });
  };
  return (
    // It closes by its button alone: what is lost here is lost.
    <Modal isOpen onClose={() => undefined} className="ask">
      <div className="dh">
        <ModalTitle>Password of {login}</ModalTitle>
      </div>
      <div className="ex-body">
        <p>
          It is shown this once and kept nowhere; the server has only what proves it. Hand it over by a way
          you trust.
        </p>
        <div className="pw">
          <input
            className="inp mono"
            aria-label="Password"
            readOnly
            type={isShown ? "text" : "password"}
            value={password}
          />
          <button
            type="button"
            className="ib"
            aria-label={isShown ? "Hide password" : "Show password"}
            aria-pressed={isShown}
            onClick={() => setIsShown(!isShown)}
          >
            <Icon name="eye" />
          </button>
          <button type="button" className="btn" onClick={() => void copy()}>
            <Icon name="copy" />
            Copy
          </button>
        </div>
        <label className="ck">
          <input type="checkbox" checked={isStored} onChange={(event) => setIsStored(event.target.checked)} />
          I stored it
        </label>
      </div>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn pri" disabled={!isStored} onClick={onClose}>
            Done
          </button>
        </span>
      </div>
    </Modal>
  );
};
