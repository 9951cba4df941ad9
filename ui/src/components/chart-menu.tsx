import { type FC, useState } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { ExportFormat } from "@/api/generated/ExportFormat";
import type { ExportSource } from "@/api/generated/ExportSource";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { Icon } from "./icon";
import { ExportDialog, MenuButton, MenuItem } from "./popup";

/** What can be taken out of a chart: its values, its picture, its table as a file. */
export const ChartMenu: FC<{
  name: string;
  spec: ChartSpec;
  source: ExportSource;
  /** The same on the command line, without the file. */
  command: string;
}> = ({ name, spec, source, command }) => {
  const [format, setFormat] = useState<ExportFormat>();
  const copy = () =>
    void copyText(chartValues(spec)).then(() => notify({ tone: "ok", title: `${name}: values copied` }));
  return (
    <>
      <MenuButton
        trigger={
          <button type="button" className="ib" aria-label={`${name}: export`}>
            <Icon name="download" />
          </button>
        }
      >
        <MenuItem onClick={copy}>
          <Icon name="copy" />
          Copy values
        </MenuItem>
        <MenuItem onClick={() => setFormat("png")}>
          <Icon name="bars" />
          Save picture…
        </MenuItem>
        <MenuItem onClick={() => setFormat("csv")}>
          <Icon name="table" />
          Export numbers…
        </MenuItem>
      </MenuButton>
      {format && (
        <ExportDialog
          name={name}
          source={source}
          command={command}
          format={format}
          onClose={() => setFormat(undefined)}
        />
      )}
    </>
  );
};

/** The values as a spreadsheet takes them: one line a step, a column a series; what is not known is empty. */
export function chartValues(spec: ChartSpec): string {
  const head = ["", ...spec.series.map((series) => series.label)];
  const lines = spec.steps.map((step, index) => [
    step.title,
    ...spec.series.map((series) => String(series.values[index] ?? "")),
  ]);
  return [head, ...lines].map((line) => line.join("\t")).join("\n");
}
